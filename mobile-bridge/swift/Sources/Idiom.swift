import Foundation

private final class Listener: ProgressListener, @unchecked Sendable {
    private let heard: @Sendable (Progress) -> Void

    init(_ heard: @escaping @Sendable (Progress) -> Void) {
        self.heard = heard
    }

    func onProgress(progress: Progress) {
        heard(progress)
    }
}

extension EnrolmentClient {
    /// `readDocument` with a closure, off the caller's thread.
    public func readDocument(
        transport: CardTransport,
        access: AccessKey,
        progress: @escaping @Sendable (Progress) -> Void
    ) async throws -> Checks {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .userInitiated).async {
                continuation.resume(with: Result {
                    try self.readDocument(transport: transport, access: access, listener: Listener(progress))
                })
            }
        }
    }
}

extension BridgeError {
    /// The document left the field: what was read is kept, begin a new session and call again.
    public var tagLost: Bool {
        if case .Chip(let code, _, _, _) = self { return code == "nfc.tag-lost" }
        return false
    }
}
