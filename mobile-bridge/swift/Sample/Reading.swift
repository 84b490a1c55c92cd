import CoreNFC

/// One reading of a document, as often as it is held to the phone.
final class Reading: NSObject, NFCTagReaderSessionDelegate {
    private let client: EnrolmentClient
    private let access: AccessKey
    private let done: @Sendable (Result<Checks, Error>) -> Void
    private var session: NFCTagReaderSession?

    init(client: EnrolmentClient, access: AccessKey, done: @escaping @Sendable (Result<Checks, Error>) -> Void) {
        self.client = client
        self.access = access
        self.done = done
    }

    func begin() {
        session = NFCTagReaderSession(pollingOption: [.iso14443], delegate: self)
        session?.alertMessage = String(localized: "Hold the document to the top of the phone.")
        session?.begin()
    }

    func tagReaderSessionDidBecomeActive(_ session: NFCTagReaderSession) {}

    func tagReaderSession(_ session: NFCTagReaderSession, didInvalidateWithError error: Error) {}

    func tagReaderSession(_ session: NFCTagReaderSession, didDetect tags: [NFCTag]) {
        guard tags.count == 1, case .iso7816(let tag) = tags[0] else {
            session.restartPolling()
            return
        }
        let (client, access, done) = (client, access, done)
        Task {
            do {
                try await session.connect(to: tags[0])
                let checks = try await client.readDocument(transport: NfcTransport(tag: tag), access: access) { progress in
                    if case .reading(let file, let number, let of, let bytes, let total) = progress {
                        session.alertMessage = "\(file) \(number)/\(of) \(bytes * 100 / max(total, 1)) %"
                    }
                }
                session.invalidate()
                done(.success(checks))
            } catch let error as BridgeError where error.tagLost {
                // iOS keeps the session open as long as it is not invalidated, 60 seconds at most.
                session.restartPolling()
            } catch {
                session.invalidate(errorMessage: error.localizedDescription)
                done(.failure(error))
            }
        }
    }
}
