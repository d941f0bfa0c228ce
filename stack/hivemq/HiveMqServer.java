import com.hivemq.embedded.EmbeddedExtension;
import com.hivemq.embedded.EmbeddedHiveMQ;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/**
 * HiveMQ CE as a second opinion for the tests: sessions, queues and retained messages on disk, the users of Users.
 * Arguments: the folder, the server's certificate and key and the authority as PEM files, then name, password and topic
 * prefix of each user. The folder has config.xml, and gets the key stores that it names.
 */
public final class HiveMqServer {
  private static final char[] PASSWORD = "changeit".toCharArray();

  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    Certificate certificate = certificate(Path.of(arguments[1]));
    writeServerStore(folder.resolve("server.p12"), certificate, privateKey(Path.of(arguments[2])));
    writeTrustStore(folder.resolve("authority.p12"), certificate(Path.of(arguments[3])));

    Users users = new Users();
    for (int i = 4; i + 2 < arguments.length; i += 3) users.add(arguments[i], arguments[i + 1], arguments[i + 2]);
    EmbeddedExtension extension =
        EmbeddedExtension.builder()
            .withId("millrace-users")
            .withName("users")
            .withVersion("1")
            .withExtensionMain(users)
            .build();
    EmbeddedHiveMQ server =
        EmbeddedHiveMQ.builder()
            .withConfigurationFolder(folder)
            .withDataFolder(Files.createDirectories(folder.resolve("data")))
            .withExtensionsFolder(Files.createDirectories(folder.resolve("extensions")))
            .withEmbeddedExtension(extension)
            .build();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop().join()));
    server.start().join();
    Thread.currentThread().join();
  }

  private static Certificate certificate(Path file) throws Exception {
    try (InputStream pem = Files.newInputStream(file)) {
      return CertificateFactory.getInstance("X.509").generateCertificate(pem);
    }
  }

  private static PrivateKey privateKey(Path file) throws Exception {
    String base64 = Files.readString(file).replaceAll("-----[A-Z ]+-----|\\s", "");
    return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
  }

  private static void writeServerStore(Path file, Certificate certificate, PrivateKey key) throws Exception {
    KeyStore store = emptyStore();
    store.setKeyEntry("server", key, PASSWORD, new Certificate[] {certificate});
    write(store, file);
  }

  private static void writeTrustStore(Path file, Certificate authority) throws Exception {
    KeyStore store = emptyStore();
    store.setCertificateEntry("authority", authority);
    write(store, file);
  }

  private static KeyStore emptyStore() throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, PASSWORD);
    return store;
  }

  private static void write(KeyStore store, Path file) throws Exception {
    try (OutputStream out = Files.newOutputStream(file)) {
      store.store(out, PASSWORD);
    }
  }
}
