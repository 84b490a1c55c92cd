package fr.sceau.sample

import fr.sceau.bridge.IsoDepTransport
import fr.sceau.bridge.readDocument
import uniffi.mobile_bridge.BirthPlace
import uniffi.mobile_bridge.EnrolmentClient
import uniffi.mobile_bridge.Progress
import uniffi.mobile_bridge.SealedAccount
import uniffi.mobile_bridge.readMrz

/** What the screens of an app ask the person and show. */
interface Screens {
    fun consents(names: List<String>): List<String>
    fun email(): String
    fun emailCode(): String
    fun mrzText(): String
    fun hold(): IsoDepTransport?
    fun progress(progress: Progress)
    fun birthPlace(): BirthPlace
    fun face(nonce: String): String
    fun pin(): String
}

/** One enrolment, from the first screen to the account. It blocks: run it off the main thread. */
fun enrol(client: EnrolmentClient, screens: Screens): SealedAccount? {
    val options = client.options()
    client.open()
    client.consent(screens.consents(options.consents.map { it.name }))
    client.setEmail(screens.email())
    client.verifyEmail(screens.emailCode())
    val access = readMrz(screens.mrzText()).accessKey
    client.readDocument(access, screens::progress, screens::hold) ?: return null.also { client.cancel() }
    client.declare(screens.birthPlace(), null, null, null)
    client.submitFace(screens.face(client.beginFace().captureNonce))
    return client.seal(screens.pin())
}
