import CryptoKit
import DeviceCheck
import Foundation

/// The device key is one of App Attest, which signs assertions for this app only; the pin hardening key lies in the Secure
/// Enclave, and is bound to the device key by what App Attest attests. App Attest asks Apple's servers: the phone is on-line
/// when it enrols. Not in the simulator: see `SecureEnclaveKeys`.
public final class AppAttestKeys: DeviceKeys, PinHardeningKey, @unchecked Sendable {
    /// What an account keeps of its keys. None of it is secret, and this phone alone can use it.
    public struct Stored: Codable, Sendable {
        let keyId: String
        let deviceKey: Data
        let hardening: Data
    }

    private let service = DCAppAttestService.shared
    private let hardening: SecureEnclave.P256.KeyAgreement.PrivateKey
    private let lock = NSLock()
    private var device: (keyId: String, point: Data)?

    /// Whether this phone has App Attest.
    public static var isSupported: Bool { DCAppAttestService.shared.isSupported && SecureEnclave.isAvailable }

    /// New keys, for an enrolment.
    public init() throws {
        hardening = try SecureEnclave.P256.KeyAgreement.PrivateKey()
    }

    /// The keys of an account, from what `stored` gave.
    public init(stored: Stored) throws {
        hardening = try SecureEnclave.P256.KeyAgreement.PrivateKey(dataRepresentation: stored.hardening)
        device = (stored.keyId, stored.deviceKey)
    }

    /// To be kept in the keychain, `kSecAttrAccessibleWhenUnlockedThisDeviceOnly`, once the keys are attested.
    public var stored: Stored? {
        locked { device }.map {
            Stored(keyId: $0.keyId, deviceKey: $0.point, hardening: hardening.dataRepresentation)
        }
    }

    public func attest(challenge: Data) throws -> Attestation {
        let point = hardening.publicKey.x963Representation
        let hash = appAttestClientDataHash(challenge: challenge, pinHardeningKey: point)
        let keyId = try answer { self.service.generateKey(completionHandler: $0) }
        let object = try answer { self.service.attestKey(keyId, clientDataHash: hash, completionHandler: $0) }
        let deviceKey = try keys { try appAttestDeviceKey(attestation: object) }
        locked { device = (keyId, deviceKey) }
        let version = Bundle.main.infoDictionary?["CFBundleShortVersionString"] as? String
        return .ios(appVersion: version ?? "0.0.0", attestation: object, pinHardeningKey: point)
    }

    public func deviceKey() throws -> Data {
        try attested().point
    }

    public func sign(message: Data) throws -> DeviceSignature {
        let keyId = try attested().keyId
        let hash = Data(SHA256.hash(data: message))
        let assertion = try answer {
            self.service.generateAssertion(keyId, clientDataHash: hash, completionHandler: $0)
        }
        return .assertion(assertion: assertion)
    }

    public func agree(point: Data) throws -> Data {
        try keys {
            let peer = try P256.KeyAgreement.PublicKey(x963Representation: point)
            let secret = try hardening.sharedSecretFromKeyAgreement(with: peer)
            return secret.withUnsafeBytes { Data($0) }
        }
    }

    private func attested() throws -> (keyId: String, point: Data) {
        guard let device = locked({ device }) else {
            throw KeyError.Failed(reason: "the device key was not made yet")
        }
        return device
    }

    private func locked<T>(_ use: () -> T) -> T {
        lock.lock()
        defer { lock.unlock() }
        return use()
    }

    /// Waits for App Attest: the bridge calls from its own threads, never from the main one.
    private func answer<T>(_ ask: (@escaping (T?, Error?) -> Void) -> Void) throws -> T {
        let answered = DispatchSemaphore(value: 0)
        var result: Result<T, Error> = .failure(KeyError.Failed(reason: "no answer"))
        ask { value, error in
            if let value {
                result = .success(value)
            } else if let error {
                result = .failure(error)
            }
            answered.signal()
        }
        answered.wait()
        return try keys { try result.get() }
    }
}

/// The platform's words as the bridge's error.
func keys<T>(_ use: () throws -> T) throws -> T {
    do {
        return try use()
    } catch let error as KeyError {
        throw error
    } catch {
        throw KeyError.Failed(reason: error.localizedDescription)
    }
}
