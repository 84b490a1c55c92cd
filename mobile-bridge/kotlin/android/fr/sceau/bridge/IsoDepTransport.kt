package fr.sceau.bridge

import android.nfc.Tag
import android.nfc.TagLostException
import android.nfc.tech.IsoDep
import java.io.IOException
import uniffi.mobile_bridge.CardException
import uniffi.mobile_bridge.CardTransport

/** How long a chip may think about one command, in milliseconds: key agreement on an old chip takes seconds. */
private const val TIMEOUT = 10_000

/** A document held to an Android phone: what `NfcAdapter.enableReaderMode` with `FLAG_READER_NFC_A` and `_B` found. */
class IsoDepTransport private constructor(private val isoDep: IsoDep) : CardTransport, AutoCloseable {
    override fun transceive(command: ByteArray): ByteArray = try {
        isoDep.transceive(command)
    } catch (error: TagLostException) {
        throw CardException.TagLost()
    } catch (error: SecurityException) {
        // The tag is out of date: another one was found since.
        throw CardException.TagLost()
    } catch (error: IOException) {
        if (!isoDep.isConnected) throw CardException.TagLost()
        throw CardException.Failed(error.message ?: error.javaClass.simpleName)
    }

    override fun maxCommandLength(): UInt = isoDep.maxTransceiveLength.toUInt()

    override fun extendedLengthSupported(): Boolean = isoDep.isExtendedLengthApduSupported

    override fun close() = isoDep.close()

    companion object {
        /** Connects to a chip that speaks ISO/IEC 14443-4; `null` if the tag is another kind of thing. */
        @Throws(IOException::class)
        fun connect(tag: Tag): IsoDepTransport? = IsoDep.get(tag)?.let {
            it.connect()
            it.timeout = TIMEOUT
            IsoDepTransport(it)
        }
    }
}
