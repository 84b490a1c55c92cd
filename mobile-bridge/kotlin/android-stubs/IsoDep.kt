@file:Suppress("UNUSED_PARAMETER", "unused")

package android.nfc.tech

import android.nfc.Tag

abstract class IsoDep : AutoCloseable {
    abstract fun connect()
    abstract fun transceive(data: ByteArray): ByteArray
    abstract val isConnected: Boolean
    abstract val maxTransceiveLength: Int
    abstract val isExtendedLengthApduSupported: Boolean
    abstract var timeout: Int

    companion object {
        fun get(tag: Tag): IsoDep? = error("a signature: Android has the code")
    }
}
