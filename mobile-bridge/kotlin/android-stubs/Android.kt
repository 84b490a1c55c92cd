// The signatures of Android's classes that kotlin/android uses, so that it is compiled where there is no Android: nothing
// here does anything, and nothing of it is part of an app.
@file:Suppress("UNUSED_PARAMETER", "unused")

package android.nfc

import java.io.IOException

class Tag

class TagLostException : IOException()
