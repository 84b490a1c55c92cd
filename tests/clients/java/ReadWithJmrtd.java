import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import javax.crypto.Cipher;

import net.sf.scuba.smartcards.CardFileInputStream;
import net.sf.scuba.smartcards.CardService;
import net.sf.scuba.smartcards.CardServiceException;
import net.sf.scuba.smartcards.CommandAPDU;
import net.sf.scuba.smartcards.ResponseAPDU;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.crypto.Digest;
import org.bouncycastle.crypto.digests.SHA1Digest;
import org.bouncycastle.crypto.digests.SHA224Digest;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.digests.SHA384Digest;
import org.bouncycastle.crypto.digests.SHA512Digest;
import org.bouncycastle.crypto.engines.RSAEngine;
import org.bouncycastle.crypto.params.RSAKeyParameters;
import org.bouncycastle.crypto.signers.ISO9796d2Signer;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.jmrtd.AccessKeySpec;
import org.jmrtd.BACKey;
import org.jmrtd.DefaultFileSystem;
import org.jmrtd.PACEKeySpec;
import org.jmrtd.PassportService;
import org.jmrtd.Util;
import org.jmrtd.lds.ActiveAuthenticationInfo;
import org.jmrtd.lds.CardAccessFile;
import org.jmrtd.lds.ChipAuthenticationInfo;
import org.jmrtd.lds.ChipAuthenticationPublicKeyInfo;
import org.jmrtd.lds.PACEInfo;
import org.jmrtd.lds.SecurityInfo;
import org.jmrtd.lds.icao.DG14File;
import org.jmrtd.protocol.PACECAMResult;
import org.jmrtd.protocol.PACEGMMappingResult;
import org.jmrtd.protocol.PACEResult;
import org.jmrtd.protocol.ReadBinaryAPDUSender;

/**
 * Reads a chip that `sceau chip` plays with JMRTD, compares every file with the folder, and counts what passed.
 *
 * <p>Arguments: HOST:PORT of the chip, the passport's folder, then any of {@code mrz=NUMBER,YYMMDD,YYMMDD},
 * {@code can=DIGITS}, {@code access=pace|bac}, {@code oid=OID} and {@code parameters=N} (which PACEInfo; else the
 * first), {@code ca=all|first|none} (which keys of EF.DG14), {@code aa=yes|no}, {@code files=1,2,14,15,sod},
 * {@code number=yes} (MSE:Set AT names the domain parameters), {@code extended=yes}, {@code sfi=no}, {@code block=N} (what
 * JMRTD asks for with each READ BINARY; else its default). Written for JMRTD 0.8. Prints one line.
 * The exit code is 0 if every file is as in the folder and every proof holds.
 */
public final class ReadWithJmrtd {
  /** A chip behind TCP, framed as vsmartcard's vpcd does: two bytes of length, big-endian, and the APDU. */
  private static final class TcpCardService extends CardService {
    private final String host;
    private final int port;
    private Socket socket;
    private DataInputStream in;
    private DataOutputStream out;
    private int commands;
    private int bytes;
    private int status;

    TcpCardService(String address) {
      int colon = address.lastIndexOf(':');
      host = address.substring(0, colon);
      port = Integer.parseInt(address.substring(colon + 1));
    }

    @Override public void open() throws CardServiceException {
      try {
        socket = new Socket(host, port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(30_000);
        in = new DataInputStream(socket.getInputStream());
        out = new DataOutputStream(socket.getOutputStream());
        send(new byte[] {1});
      } catch (IOException error) {
        throw new CardServiceException("no chip", error);
      }
    }

    private void send(byte[] message) throws IOException {
      byte[] framed = new byte[message.length + 2];
      framed[0] = (byte) (message.length >> 8);
      framed[1] = (byte) message.length;
      System.arraycopy(message, 0, framed, 2, message.length);
      out.write(framed);
      out.flush();
    }

    private byte[] receive() throws IOException {
      byte[] message = new byte[in.readUnsignedShort()];
      in.readFully(message);
      return message;
    }

    @Override public ResponseAPDU transmit(CommandAPDU command) throws CardServiceException {
      try {
        byte[] sent = command.getBytes();
        send(sent);
        byte[] answer = receive();
        commands++;
        bytes += sent.length + answer.length;
        ResponseAPDU response = new ResponseAPDU(answer);
        status = response.getSW();
        return response;
      } catch (IOException error) {
        throw new CardServiceException("tag lost", error);
      }
    }

    @Override public byte[] getATR() throws CardServiceException {
      try {
        send(new byte[] {4});
        return receive();
      } catch (IOException error) {
        throw new CardServiceException("tag lost", error);
      }
    }

    @Override public boolean isOpen() {
      return socket != null && !socket.isClosed();
    }

    @Override public boolean isExtendedAPDULengthSupported() {
      return true;
    }

    @Override public void close() {
      try {
        socket.close();
      } catch (IOException ignored) {
        // It is gone either way.
      }
    }

    @Override public boolean isConnectionLost(Exception error) {
      return error.getCause() instanceof IOException;
    }
  }

  private static final BouncyCastleProvider BC = new BouncyCastleProvider();

  private final Map<String, String> options = new HashMap<>();
  private final Path folder;
  private final TcpCardService card;
  private final PassportService service;
  private final int block;
  private final List<String> done = new ArrayList<>();

  private ReadWithJmrtd(String[] arguments) {
    card = new TcpCardService(arguments[0]);
    folder = Path.of(arguments[1]);
    for (String argument : Arrays.asList(arguments).subList(2, arguments.length)) {
      String[] parts = argument.split("=", 2);
      options.put(parts[0], parts[1]);
    }
    boolean extended = "yes".equals(options.get("extended"));
    int longest = extended ? PassportService.EXTENDED_MAX_TRANCEIVE_LENGTH : PassportService.NORMAL_MAX_TRANCEIVE_LENGTH;
    block = Integer.parseInt(option("block", String.valueOf(PassportService.DEFAULT_MAX_BLOCKSIZE)));
    service = new PassportService(card, longest, block, "yes".equals(option("sfi", "yes")), true);
  }

  private String option(String name, String otherwise) {
    return options.getOrDefault(name, otherwise);
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new IllegalStateException(what);
    }
  }

  private BACKey mrz() {
    String[] parts = options.get("mrz").split(",");
    return new BACKey(parts[0], parts[1], parts[2]);
  }

  private void open() throws Exception {
    service.open();
    if ("bac".equals(options.get("access"))) {
      service.sendSelectApplet(false);
      service.doBAC(mrz());
      done.add("BAC");
      return;
    }
    InputStream file = service.getInputStream(PassportService.EF_CARD_ACCESS, block);
    PACEInfo offer = null;
    for (SecurityInfo info : new CardAccessFile(file).getSecurityInfos()) {
      if (info instanceof PACEInfo pace && offer == null
          && pace.getObjectIdentifier().equals(option("oid", pace.getObjectIdentifier()))
          && pace.getParameterId().equals(new BigInteger(option("parameters", pace.getParameterId().toString())))) {
        offer = pace;
      }
    }
    check(offer != null, "no such PACEInfo");
    boolean byCan = options.containsKey("can");
    AccessKeySpec key = byCan ? PACEKeySpec.createCANKey(options.get("can")) : PACEKeySpec.createMRZKey(mrz());
    // JMRTD's callers give the number only if it is not the only one; both are tried.
    BigInteger number = "yes".equals(options.get("number")) ? offer.getParameterId() : null;
    PACEResult result =
        service.doPACE(key, offer.getObjectIdentifier(), PACEInfo.toParameterSpec(offer.getParameterId()), number);
    done.add("PACE-" + PACEInfo.toMappingType(offer.getObjectIdentifier()) + " " + offer.getObjectIdentifier()
        + "/" + offer.getParameterId() + (byCan ? " CAN" : " MRZ"));
    if (result instanceof PACECAMResult mapped) {
      verifyMapping(mapped);
    }
    service.sendSelectApplet(true);
  }

  /** Doc 9303-11, 4.4.3.5: the chip's data times the static key of EF.CardSecurity is the key that the chip mapped with. */
  private void verifyMapping(PACECAMResult result) throws Exception {
    DefaultFileSystem masterFile = new DefaultFileSystem(new ReadBinaryAPDUSender(card), false);
    masterFile.setWrapper(service.getWrapper());
    masterFile.selectFile(PassportService.EF_CARD_SECURITY);
    byte[] file = readAll(new CardFileInputStream(block, masterFile));
    compare("EF_CardSecurity.bin", file);
    byte[] content = (byte[]) new CMSSignedData(file).getSignedContent().getContent();
    ECPublicKey mapped = (ECPublicKey) ((PACEGMMappingResult) result.getMappingResult()).getPICCMappingPublicKey();
    BigInteger data = new BigInteger(1, decrypted(result));
    boolean holds = false;
    for (var element : ASN1Set.getInstance(ASN1Primitive.fromByteArray(content))) {
      if (SecurityInfo.getInstance(element.toASN1Primitive()) instanceof ChipAuthenticationPublicKeyInfo info) {
        ECPublicKey fixed = (ECPublicKey) info.getSubjectPublicKey();
        holds |= fixed.getParams().getCurve().equals(mapped.getParams().getCurve())
            && Util.multiply(data, fixed.getW(), fixed.getParams()).equals(mapped.getW());
      }
    }
    check(holds, "the chip's mapping data do not prove its key");
    done.add("CAM proved");
  }

  /**
   * The initialisation vector is E(KSenc, -1). JMRTD (0.7.13 to 0.8.6) decrypts with -1 itself, which makes another first
   * block: here that is put right.
   */
  private static byte[] decrypted(PACECAMResult result) throws Exception {
    byte[] data = result.getChipAuthenticationData();
    byte[] ones = new byte[16];
    Arrays.fill(ones, (byte) 0xFF);
    Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding", BC);
    cipher.init(Cipher.ENCRYPT_MODE, result.getWrapper().getEncryptionKey());
    byte[] vector = cipher.doFinal(ones);
    for (int i = 0; i < vector.length; i++) {
      data[i] ^= vector[i] ^ ones[i];
    }
    return data;
  }

  private static byte[] readAll(InputStream stream) throws IOException {
    return stream.readAllBytes();
  }

  private void compare(String name, byte[] read) throws IOException {
    check(Arrays.equals(read, Files.readAllBytes(file(name))), name + " is not as in the folder");
  }

  /** Our own names, or those of the BSI's reference set. */
  private Path file(String name) {
    Path own = folder.resolve(name);
    return Files.exists(own) ? own : folder.resolve(name.replace("EF_DG", "Datagroup"));
  }

  private byte[] read(String name, int identifier) throws Exception {
    byte[] file = readAll(service.getInputStream((short) identifier, block));
    compare(name, file);
    return file;
  }

  private byte[] readGroup(int number) throws Exception {
    return read("EF_DG" + number + ".bin", 0x0100 + number);
  }

  private void authenticateChip(Collection<SecurityInfo> infos) throws Exception {
    String which = option("ca", "all");
    for (SecurityInfo info : which.equals("none") ? List.<SecurityInfo>of() : infos) {
      if (!(info instanceof ChipAuthenticationPublicKeyInfo key)) {
        continue;
      }
      boolean announced = false;
      for (SecurityInfo other : infos) {
        if (other instanceof ChipAuthenticationInfo protocol && agrees(protocol, key)) {
          authenticateChip(protocol.getKeyId(), protocol.getObjectIdentifier(), key);
          announced = true;
          if (which.equals("first")) {
            return;
          }
        }
      }
      if (!announced) {
        // As JMRTD would, were the identifier left out: passports of 2013 and 2014 tell the key and no protocol.
        boolean curve = key.getSubjectPublicKey() instanceof ECPublicKey;
        String protocol = curve ? SecurityInfo.ID_CA_ECDH_3DES_CBC_CBC : SecurityInfo.ID_CA_DH_3DES_CBC_CBC;
        authenticateChip(key.getKeyId(), protocol, key);
      }
    }
  }

  private static boolean agrees(ChipAuthenticationInfo protocol, ChipAuthenticationPublicKeyInfo key) {
    String agreement = ChipAuthenticationInfo.toKeyAgreementAlgorithm(protocol.getObjectIdentifier());
    boolean sameKey = protocol.getKeyId() == null || protocol.getKeyId().equals(key.getKeyId());
    return sameKey && agreement.equals("ECDH") == key.getSubjectPublicKey() instanceof ECPublicKey;
  }

  private void authenticateChip(BigInteger id, String protocol, ChipAuthenticationPublicKeyInfo key) throws Exception {
    service.doEACCA(id, protocol, key.getObjectIdentifier(), key.getSubjectPublicKey());
    done.add("CA " + protocol + (id == null ? "" : " key " + id));
    if (option("ca", "all").equals("all")) {
      // Only a chip with the private key has the new session keys. A fresh file system, lest JMRTD answer from memory.
      DefaultFileSystem fresh = new DefaultFileSystem(new ReadBinaryAPDUSender(card), true);
      fresh.setWrapper(service.getWrapper());
      fresh.selectFile((short) 0x0101);
      compare("EF_DG1.bin", readAll(new CardFileInputStream(block, fresh)));
    }
  }

  private void authenticateActively(byte[] group15, Collection<SecurityInfo> infos) throws Exception {
    byte[] challenge = new byte[8];
    new SecureRandom().nextBytes(challenge);
    byte[] encoded = net.sf.scuba.tlv.TLVUtil.unwrapDO(0x6F, group15);
    boolean rsa = new String(encoded, "ISO-8859-1").contains("*\u0086H\u0086\u00f7\r\u0001\u0001\u0001");
    PublicKey key = KeyFactory.getInstance(rsa ? "RSA" : "EC", BC).generatePublic(new X509EncodedKeySpec(encoded));
    byte[] answer = service.doAA(key, null, null, challenge).getResponse();
    if (key instanceof RSAPublicKey modulus) {
      done.add("AA RSA " + verifyRsa(modulus, challenge, answer));
      return;
    }
    String oid = null;
    for (SecurityInfo info : infos) {
      oid = info instanceof ActiveAuthenticationInfo active ? active.getSignatureAlgorithmOID() : oid;
    }
    check(oid != null && oid.startsWith("0.4.0.127.0.7.1.1.4.1."), "EF.DG14 names no plain ECDSA");
    String hash = List.of("SHA1", "SHA224", "SHA256", "SHA384", "SHA512").get(oid.charAt(oid.length() - 1) - '1');
    Signature signature = Signature.getInstance(hash + "withPLAIN-ECDSA", BC);
    signature.initVerify(key);
    signature.update(challenge);
    check(signature.verify(answer), "Active Authentication: the signature does not hold");
    done.add("AA ECDSA " + hash);
  }

  /** ISO/IEC 9796-2, scheme 1; the trailer names the hash. */
  private static String verifyRsa(RSAPublicKey key, byte[] challenge, byte[] answer) throws Exception {
    byte[] opened = Util.i2os(new BigInteger(1, answer).modPow(key.getPublicExponent(), key.getModulus()));
    int last = opened.length - 1;
    boolean implicit = (opened[last] & 0xFF) == 0xBC;
    Digest digest = implicit ? new SHA1Digest() : switch (opened[last - 1] & 0xFF) {
      case 0x33 -> new SHA1Digest();
      case 0x34 -> new SHA256Digest();
      case 0x35 -> new SHA512Digest();
      case 0x36 -> new SHA384Digest();
      case 0x38 -> new SHA224Digest();
      default -> throw new IllegalStateException("Active Authentication: unknown trailer");
    };
    ISO9796d2Signer signer = new ISO9796d2Signer(new RSAEngine(), digest, implicit);
    signer.init(false, new RSAKeyParameters(false, key.getModulus(), key.getPublicExponent()));
    signer.updateWithRecoveredMessage(answer);
    signer.update(challenge, 0, challenge.length);
    check(signer.verifySignature(answer), "Active Authentication: the signature does not hold");
    return key.getModulus().bitLength() + " " + digest.getAlgorithmName();
  }

  private boolean wanted(String name) {
    return Arrays.asList(option("files", name).split(",")).contains(name);
  }

  private void run() throws Exception {
    open();
    int files = 0;
    Collection<SecurityInfo> infos = List.of();
    if (Files.exists(file("EF_DG14.bin")) && wanted("14")) {
      infos = new DG14File(new ByteArrayInputStream(readGroup(14))).getSecurityInfos();
      files++;
      authenticateChip(infos);
    }
    for (var other : Map.of("com", 0x011E, "sod", 0x011D).entrySet()) {
      String name = "EF_" + other.getKey().toUpperCase() + ".bin";
      if (Files.exists(file(name)) && wanted(other.getKey())) {
        read(name, other.getValue());
        files++;
      }
    }
    List<Integer> denied = new ArrayList<>();
    for (int number : new int[] {1, 11, 12, 13, 15, 16, 5, 6, 7, 8, 9, 10, 2, 3, 4}) {
      if (!Files.exists(file("EF_DG" + number + ".bin")) || !wanted(String.valueOf(number))) {
        continue;
      }
      try {
        byte[] group = readGroup(number);
        files++;
        if (number == 15 && "yes".equals(option("aa", "yes"))) {
          authenticateActively(group, infos);
        }
      } catch (CardServiceException error) {
        // Fingerprints and irises ask for Terminal Authentication, which is not done here.
        check((number == 3 || number == 4) && card.status == 0x6982, "EF.DG" + number + ": " + error);
        denied.add(number);
      }
    }
    done.add(files + " files as in the folder" + (denied.isEmpty() ? "" : ", denied " + denied));
    System.out.println(String.join("; ", done) + "; " + card.commands + " commands, " + card.bytes + " bytes");
    service.close();
  }

  /** See the class. */
  public static void main(String[] arguments) throws Exception {
    // As JMRTD's callers do: its integrated mapping makes keys that the JDK's own provider does not take.
    Security.insertProviderAt(BC, 1);
    new ReadWithJmrtd(arguments).run();
  }
}
