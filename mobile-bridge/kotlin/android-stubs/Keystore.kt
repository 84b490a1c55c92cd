@file:Suppress("UNUSED_PARAMETER", "unused")

package android.security.keystore

import java.security.spec.AlgorithmParameterSpec

object KeyProperties {
    const val PURPOSE_SIGN = 4
    const val PURPOSE_AGREE_KEY = 64
    const val DIGEST_SHA256 = "SHA-256"
    const val KEY_ALGORITHM_EC = "EC"
}

class KeyGenParameterSpec : AlgorithmParameterSpec {
    class Builder(alias: String, purposes: Int) {
        fun setAlgorithmParameterSpec(spec: AlgorithmParameterSpec): Builder = this
        fun setAttestationChallenge(challenge: ByteArray): Builder = this
        fun setDigests(vararg digests: String): Builder = this
        fun setIsStrongBoxBacked(strongBox: Boolean): Builder = this
        fun build(): KeyGenParameterSpec = error("a signature: Android has the code")
    }
}
