package fr.sceau.bridge

import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import java.security.GeneralSecurityException
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import javax.crypto.KeyAgreement
import uniffi.mobile_bridge.Attestation
import uniffi.mobile_bridge.DeviceKeys
import uniffi.mobile_bridge.DeviceSignature
import uniffi.mobile_bridge.KeyException
import uniffi.mobile_bridge.PinHardeningKey

private const val PROVIDER = "AndroidKeyStore"

/**
 * Both keys in the phone's hardware, from Android 12 on (key agreement in the keystore). [prefix] names them: an enrolment
 * makes new ones beside those of the account; keep it with the account.
 */
class AndroidKeys(private val prefix: String, private val appVersion: String, private val strongBox: Boolean) :
    DeviceKeys, PinHardeningKey {
    private val store = KeyStore.getInstance(PROVIDER).apply { load(null) }
    private val device = "$prefix.device"
    private val hardening = "$prefix.pin-hardening"

    override fun attest(challenge: ByteArray): Attestation = keys {
        generate(device, KeyProperties.PURPOSE_SIGN, challenge)
        generate(hardening, KeyProperties.PURPOSE_AGREE_KEY, challenge)
        Attestation.Android(appVersion, chain(device), chain(hardening))
    }

    override fun deviceKey(): ByteArray = keys { publicKey(device).point }

    override fun sign(message: ByteArray): DeviceSignature = keys {
        val signature = Signature.getInstance("SHA256withECDSA")
        signature.initSign(privateKey(device))
        signature.update(message)
        DeviceSignature.Ecdsa(plainSignature(signature.sign()))
    }

    override fun agree(point: ByteArray): ByteArray = keys {
        val agreement = KeyAgreement.getInstance("ECDH", PROVIDER)
        agreement.init(privateKey(hardening))
        val spec = point.asPoint(publicKey(hardening))
        agreement.doPhase(KeyFactory.getInstance("EC").generatePublic(spec), true)
        agreement.generateSecret()
    }

    /** Destroys both, when an enrolment is given up or the account deleted. */
    fun delete() = keys {
        store.deleteEntry(device)
        store.deleteEntry(hardening)
    }

    private fun generate(alias: String, purpose: Int, challenge: ByteArray) {
        val spec = KeyGenParameterSpec.Builder(alias, purpose)
            .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
            .setAttestationChallenge(challenge)
        if (purpose == KeyProperties.PURPOSE_SIGN) spec.setDigests(KeyProperties.DIGEST_SHA256)
        if (strongBox && Build.VERSION.SDK_INT >= 28) spec.setIsStrongBoxBacked(true)
        val generator = KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, PROVIDER)
        generator.initialize(spec.build())
        generator.generateKeyPair()
    }

    private fun chain(alias: String): List<ByteArray> = store.getCertificateChain(alias).map { it.encoded }

    private fun publicKey(alias: String): ECPublicKey {
        val certificate = store.getCertificate(alias) ?: throw KeyException.Failed("there is no key $alias")
        return certificate.publicKey as ECPublicKey
    }

    private fun privateKey(alias: String): PrivateKey =
        store.getKey(alias, null) as? PrivateKey ?: throw KeyException.Failed("there is no key $alias")

    private fun <T> keys(use: () -> T): T = try {
        use()
    } catch (error: GeneralSecurityException) {
        throw KeyException.Failed(error.toString())
    }
}
