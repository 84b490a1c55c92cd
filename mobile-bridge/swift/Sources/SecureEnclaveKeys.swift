import CryptoKit
import Foundation

/// Both keys in the Secure Enclave, for an app that is being built: a server takes them in its demo environment only, by an
/// attestation of the demo root (`simulatedAttestation`). People's phones have `AppAttestKeys`.
public final class SecureEnclaveKeys: DeviceKeys, PinHardeningKey, @unchecked Sendable {
    /// What attests both keys over a challenge: the challenge, the device key, the pin hardening key (points of SEC 1).
    public typealias Attest = (Data, Data, Data) throws -> Attestation

    private let device: SecureEnclave.P256.Signing.PrivateKey
    private let hardening: SecureEnclave.P256.KeyAgreement.PrivateKey
    private let attestation: Attest

    /// New keys, for an enrolment.
    public init(attestation: @escaping Attest) throws {
        device = try SecureEnclave.P256.Signing.PrivateKey()
        hardening = try SecureEnclave.P256.KeyAgreement.PrivateKey()
        self.attestation = attestation
    }

    /// The keys of an account, from what `stored` gave: the Secure Enclave alone can use it.
    public init(stored: (device: Data, hardening: Data)) throws {
        device = try SecureEnclave.P256.Signing.PrivateKey(dataRepresentation: stored.device)
        hardening = try SecureEnclave.P256.KeyAgreement.PrivateKey(dataRepresentation: stored.hardening)
        attestation = { _, _, _ in throw KeyError.Failed(reason: "this phone is enrolled") }
    }

    /// To be kept in the keychain, `kSecAttrAccessibleWhenUnlockedThisDeviceOnly`.
    public var stored: (device: Data, hardening: Data) {
        (device.dataRepresentation, hardening.dataRepresentation)
    }

    public func attest(challenge: Data) throws -> Attestation {
        try keys { try attestation(challenge, deviceKey(), hardening.publicKey.x963Representation) }
    }

    public func deviceKey() throws -> Data {
        device.publicKey.x963Representation
    }

    /// CryptoKit's raw representation is r || s.
    public func sign(message: Data) throws -> DeviceSignature {
        try keys { .ecdsa(signature: try device.signature(for: message).rawRepresentation) }
    }

    public func agree(point: Data) throws -> Data {
        try keys {
            let peer = try P256.KeyAgreement.PublicKey(x963Representation: point)
            let secret = try hardening.sharedSecretFromKeyAgreement(with: peer)
            return secret.withUnsafeBytes { Data($0) }
        }
    }
}
