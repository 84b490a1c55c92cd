import CoreNFC
import Foundation

/// A document held to an iPhone. The bridge's calls block: run them on a queue of their own, never on the main one.
///
/// The app's Info.plist names the application of eMRTDs, `A0000002471001`, under
/// `com.apple.developer.nfc.readersession.iso7816.select-identifiers`, and the entitlement has the format `TAG`; for
/// documents with PACE alone also `PACE` (iOS 16).
public final class NfcTransport: CardTransport, @unchecked Sendable {
    private let tag: NFCISO7816Tag

    /// `tag` is connected: after `session.connect(to:)`.
    public init(tag: NFCISO7816Tag) {
        self.tag = tag
    }

    public func transceive(command: Data) throws -> Data {
        guard let apdu = NFCISO7816APDU(data: command) else {
            throw CardError.Failed(reason: "not an APDU of ISO/IEC 7816-4")
        }
        let answered = DispatchSemaphore(value: 0)
        var outcome: Result<Data, Error> = .failure(CardError.TagLost)
        tag.sendCommand(apdu: apdu) { data, sw1, sw2, error in
            outcome = error.map { .failure($0) } ?? .success(data + [sw1, sw2])
            answered.signal()
        }
        answered.wait()
        do {
            return try outcome.get()
        } catch let error as NFCReaderError where Self.lost.contains(error.code) {
            throw CardError.TagLost
        } catch let error as NFCReaderError where error.code == .readerTransceiveErrorRetryExceeded {
            throw CardError.Timeout
        } catch let error as NFCReaderError where error.code == .readerErrorUnsupportedFeature {
            throw CardError.NotSupported
        } catch let error as CardError {
            throw error
        } catch {
            throw CardError.Failed(reason: error.localizedDescription)
        }
    }

    /// iOS splits nothing and joins nothing: what it takes is what ISO/IEC 7816-4 has.
    public func maxCommandLength() -> UInt32 {
        65_544
    }

    public func extendedLengthSupported() -> Bool {
        true
    }

    private static let lost: Set<NFCReaderError.Code> = [
        .readerTransceiveErrorTagConnectionLost, .readerTransceiveErrorTagResponseError,
        .readerTransceiveErrorTagNotConnected, .readerTransceiveErrorSessionInvalidated,
        .readerSessionInvalidationErrorSessionTimeout,
    ]
}
