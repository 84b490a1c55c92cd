package fr.sceau.bridge

import java.math.BigInteger
import java.security.interfaces.ECPublicKey
import java.security.spec.ECPoint
import java.security.spec.ECPublicKeySpec

/** Bytes of a number on P-256. */
private const val FIELD = 32

/**
 * `SEQUENCE { r INTEGER, s INTEGER }`, as Java gives an ECDSA signature (RFC 3279 2.2.3), as r || s: 64 bytes, as the
 * bridge takes it.
 */
fun plainSignature(der: ByteArray): ByteArray {
    require(der.size in 8..72 && der[0] == 0x30.toByte() && der[1].toInt() == der.size - 2) { "no ECDSA signature on P-256" }
    val (r, next) = integer(der, 2)
    val (s, end) = integer(der, next)
    require(end == der.size) { "no ECDSA signature" }
    return r + s
}

private fun integer(der: ByteArray, at: Int): Pair<ByteArray, Int> {
    require(at + 2 <= der.size && der[at] == 0x02.toByte()) { "no ECDSA signature" }
    val end = at + 2 + der[at + 1]
    require(der[at + 1] > 0 && end <= der.size) { "no ECDSA signature" }
    return fixed(BigInteger(der.copyOfRange(at + 2, end))) to end
}

private fun fixed(number: BigInteger): ByteArray {
    require(number.signum() >= 0 && number.bitLength() <= 8 * FIELD) { "not a number of P-256" }
    val bytes = number.toByteArray()
    return ByteArray(FIELD) { i -> bytes.getOrElse(bytes.size - FIELD + i) { 0 } }
}

/** A key on P-256 as an uncompressed point (SEC 1 2.3.3), as the bridge takes it. */
val ECPublicKey.point: ByteArray
    get() = byteArrayOf(4) + fixed(w.affineX) + fixed(w.affineY)

/** What [point] was made of. The bridge gives points that it has checked. */
fun ByteArray.asPoint(like: ECPublicKey): ECPublicKeySpec {
    require(size == 1 + 2 * FIELD && this[0] == 4.toByte()) { "no uncompressed point on P-256" }
    val number = { from: Int -> BigInteger(1, copyOfRange(from, from + FIELD)) }
    return ECPublicKeySpec(ECPoint(number(1), number(1 + FIELD)), like.params)
}
