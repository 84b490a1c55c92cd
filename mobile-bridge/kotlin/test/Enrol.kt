package fr.sceau.test

import fr.sceau.bridge.asPoint
import fr.sceau.bridge.code
import fr.sceau.bridge.plainSignature
import fr.sceau.bridge.point
import fr.sceau.bridge.readDocument
import fr.sceau.bridge.retry
import fr.sceau.bridge.text
import java.io.File
import java.security.KeyFactory
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.util.Base64
import java.util.concurrent.atomic.AtomicLong
import javax.crypto.KeyAgreement
import kotlin.system.exitProcess
import uniffi.mobile_bridge.AccessKey
import uniffi.mobile_bridge.ApprovedLogin
import uniffi.mobile_bridge.Attestation
import uniffi.mobile_bridge.BirthPlace
import uniffi.mobile_bridge.BridgeException
import uniffi.mobile_bridge.CardException
import uniffi.mobile_bridge.CardTransport
import uniffi.mobile_bridge.DeviceKeys
import uniffi.mobile_bridge.DeviceSignature
import uniffi.mobile_bridge.EnrolmentClient
import uniffi.mobile_bridge.FaceTask
import uniffi.mobile_bridge.LoginClient
import uniffi.mobile_bridge.PinHardeningKey
import uniffi.mobile_bridge.Progress
import uniffi.mobile_bridge.RequestCounter
import uniffi.mobile_bridge.ScanException
import uniffi.mobile_bridge.SimulatedTransport
import uniffi.mobile_bridge.TraceRecorder
import uniffi.mobile_bridge.readMrz
import uniffi.mobile_bridge.simulatedAttestation

private const val PIN = "274913"

/** Java's own keys for those of a phone; what hardware would say of them, the demo root says. */
private class JavaKeys(private val demoRoot: String) : DeviceKeys, PinHardeningKey {
    private val device = pair()
    private val hardening = pair()

    override fun attest(challenge: ByteArray): Attestation =
        simulatedAttestation(demoRoot, challenge, deviceKey(), (hardening.public as ECPublicKey).point)

    override fun deviceKey(): ByteArray = (device.public as ECPublicKey).point

    override fun sign(message: ByteArray): DeviceSignature {
        val signature = Signature.getInstance("SHA256withECDSA")
        signature.initSign(device.private)
        signature.update(message)
        return DeviceSignature.Ecdsa(plainSignature(signature.sign()))
    }

    override fun agree(point: ByteArray): ByteArray {
        val agreement = KeyAgreement.getInstance("ECDH")
        agreement.init(hardening.private)
        val spec = point.asPoint(hardening.public as ECPublicKey)
        agreement.doPhase(KeyFactory.getInstance("EC").generatePublic(spec), true)
        return agreement.generateSecret()
    }

    private fun pair(): KeyPair =
        KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
}

/** A transport of the app's own: each command crosses from Rust to Kotlin and back. */
private class Counted(private val chip: SimulatedTransport) : CardTransport {
    var commands = 0

    override fun transceive(command: ByteArray): ByteArray {
        commands++
        return chip.transceive(command)
    }

    override fun maxCommandLength(): UInt = chip.maxCommandLength()

    override fun extendedLengthSupported(): Boolean = chip.extendedLengthSupported()
}

/** A transport whose phone has this trouble with the chip. */
private class Troubled(private val trouble: CardException) : CardTransport {
    override fun transceive(command: ByteArray): ByteArray = throw trouble

    override fun maxCommandLength(): UInt = 261u

    override fun extendedLengthSupported(): Boolean = false
}

/** Code and hint of what goes wrong. */
private fun failure(call: () -> Unit): String = try {
    call()
    "nothing"
} catch (error: BridgeException) {
    check(error.text.isNotEmpty())
    "${error.code} ${error.retry}"
}

private fun mailedCode(folder: File): String {
    repeat(100) {
        for (mail in folder.listFiles { file -> file.extension == "eml" }.orEmpty()) {
            val body = mail.readText().replace("\r\n", "\n").substringAfter("\n\n")
            val text = runCatching { String(Base64.getMimeDecoder().decode(body)) }.getOrDefault(body)
            Regex("\\b[0-9]{6}\\b").find(text)?.let { return it.value }
            Regex("\\b[0-9]{6}\\b").find(body)?.let { return it.value }
        }
        Thread.sleep(100)
    }
    error("no mail with a code")
}

private fun askFaceEngine(sceau: String, key: File, task: FaceTask): String {
    val encode = Base64.getUrlEncoder().withoutPadding()::encodeToString
    val (portrait, device) = encode(task.portraitSha256) to encode(task.deviceKeyThumbprint)
    val json = """{"capture_nonce":"${task.captureNonce}","portrait_sha256":"$portrait","device_key_thumbprint":"$device",""" +
        """"audience":"${task.audience}","enrolment_id":"${task.enrolmentId}"}"""
    val engine = ProcessBuilder(sceau, "demo-face-engine", "--key", key.path)
        .redirectError(ProcessBuilder.Redirect.INHERIT).start()
    engine.outputStream.use { it.write(json.toByteArray()) }
    return engine.inputStream.bufferedReader().readText().trim()
}

/** `SERVER FOLDER SCEAU`: enrols the passport of the folder, says so, then approves the login whose handle is typed. */
fun main(arguments: Array<String>) {
    val (server, folder, sceau) = arguments
    val file = { name: String -> File(folder, name) }
    val keys = JavaKeys(file("demo-root.json").readText())
    val client = EnrolmentClient(server, "en", keys, keys)
    check(client.options().environment == "demo")
    client.open()
    client.consent(client.options().consents.map { it.name })
    client.setEmail("anna@example.org")
    client.verifyEmail(mailedCode(file("mail")))

    val chip = SimulatedTransport.fromFolder(file("passport").path)
    val access = chip.accessKey()
    val sent = mutableListOf<String>()
    val onProgress = { progress: Progress -> if (progress is Progress.Sent) sent += progress.file }
    val wrong = AccessKey("X00000000", access.dateOfBirth, access.dateOfExpiry)
    println("access ${failure { client.readDocument(chip, wrong, onProgress) }}")
    val troubles =
        listOf(CardException.Timeout(), CardException.SeveralTags(), CardException.NotSupported(), CardException.Failed("x"))
    for (trouble in troubles) println("card ${failure { client.readDocument(Troubled(trouble), access, onProgress) }}")
    chip.hold()
    chip.loseAfter(12u)
    val recorder = TraceRecorder()
    client.trace(recorder)
    println("lost ${failure { client.readDocument(chip, access, onProgress) }}")
    client.trace(null)
    check(recorder.jsonLines().trim().endsWith("{\"event\":\"failed\",\"code\":\"nfc.tag-lost\"}"))
    println("trace ${failure { client.sendTrace(recorder) }}")
    chip.hold()
    chip.loseAfter(30u)
    var held = 0
    val transports = mutableListOf<Counted>()
    val checks = client.readDocument(access, onProgress) {
        if (held++ > 0) chip.hold()
        Counted(chip).also { transports += it }
    }
    check(held == 2) { "held $held times" }
    check(checks != null && checks.missing.none { it.startsWith("chip") }) { "$checks" }
    println("read ${sent.distinct().joinToString(" ")} in ${transports.map { it.commands }} commands")

    client.declare(BirthPlace("99100", "75056"), null, null, null)
    println("steps ${failure { client.beginFaceSteps(false) }}")
    client.submitFace(askFaceEngine(sceau, file("face-engine.pem"), client.beginFace()))
    try {
        client.seal("111111")
        error("a PIN of equal digits")
    } catch (error: BridgeException.Usage) {
        println("refused ${error.text}")
    }
    val account = client.seal(PIN)
    println("enrolled ${account.level} ${account.state}")

    try {
        readMrz("no zone")
        error("no zone")
    } catch (error: ScanException.NotFound) {
        println("scan ${error.javaClass.simpleName}")
    }

    val numbers = AtomicLong()
    val counter = object : RequestCounter {
        override fun nextNumber(): ULong = numbers.incrementAndGet().toULong()
    }
    val logins = LoginClient(server, "en", account.issuer, keys, keys, counter)
    val login = logins.claim(readln())
    println("login ${login.clientName}")
    when (val approved = logins.approve(login.loginId, PIN)) {
        is ApprovedLogin.ReleaseCode -> println("code ${approved.digits}")
        else -> error("$approved")
    }
    exitProcess(0)
}
