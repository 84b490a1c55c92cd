package fr.sceau.bridge

import uniffi.mobile_bridge.AccessKey
import uniffi.mobile_bridge.BridgeException
import uniffi.mobile_bridge.CardTransport
import uniffi.mobile_bridge.Checks
import uniffi.mobile_bridge.EnrolmentClient
import uniffi.mobile_bridge.Progress
import uniffi.mobile_bridge.ProgressListener

/** The stable code: of the table of codes, or `network`, `unanswered`, `key`, `usage`, `protocol`. */
val BridgeException.code: String
    get() = when (this) {
        is BridgeException.Chip -> code
        is BridgeException.Refused -> code
        is BridgeException.Network -> "network"
        is BridgeException.Unanswered -> "unanswered"
        is BridgeException.Key -> "key"
        is BridgeException.Usage -> "usage"
        is BridgeException.Protocol -> "protocol"
    }

/** The sentence for the person. */
val BridgeException.text: String
    get() = when (this) {
        is BridgeException.Chip -> text
        is BridgeException.Refused -> text
        is BridgeException.Network -> text
        is BridgeException.Unanswered -> text
        is BridgeException.Key -> text
        is BridgeException.Usage -> text
        is BridgeException.Protocol -> text
    }

/** What can be done: `now`, `correct`, `read-again`, `later`, `start-again`, `other-way`, `never`; `null` if nobody knows. */
val BridgeException.retry: String?
    get() = when (this) {
        is BridgeException.Chip -> retry
        is BridgeException.Refused -> retry
        else -> null
    }

/** The document left the field: what was read is kept, hold it again and call again. */
val BridgeException.tagLost: Boolean
    get() = this is BridgeException.Chip && code == "nfc.tag-lost"

/** [EnrolmentClient.readDocument] with a function for a listener. It blocks: call it on `Dispatchers.IO`. */
fun EnrolmentClient.readDocument(
    transport: CardTransport,
    access: AccessKey,
    onProgress: (Progress) -> Unit,
): Checks = readDocument(transport, access, object : ProgressListener {
    override fun onProgress(progress: Progress) = onProgress(progress)
})

/** Reads until it is done: [held] gives the document each time that it is held to the phone; `null` gives up. */
fun EnrolmentClient.readDocument(
    access: AccessKey,
    onProgress: (Progress) -> Unit,
    held: () -> CardTransport?,
): Checks? {
    while (true) {
        val transport = held() ?: return null
        try {
            return readDocument(transport, access, onProgress)
        } catch (error: BridgeException) {
            if (!error.tagLost) throw error
        }
    }
}
