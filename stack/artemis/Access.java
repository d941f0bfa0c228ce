import io.netty.handler.ssl.SslHandler;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import javax.security.auth.Subject;
import org.apache.activemq.artemis.core.remoting.impl.netty.NettyConnection;
import org.apache.activemq.artemis.core.security.CheckType;
import org.apache.activemq.artemis.core.security.Role;
import org.apache.activemq.artemis.spi.core.protocol.RemotingConnection;
import org.apache.activemq.artemis.spi.core.security.ActiveMQSecurityManager5;
import org.apache.activemq.artemis.spi.core.security.jaas.UserPrincipal;
import org.apache.activemq.artemis.utils.CertificateUtil;

/**
 * Who may connect, and what they may do.
 *
 * Without TLS anonymous clients are let in. With TLS a client shows a user and password, or a certificate that the
 * handshake has verified. A user with a prefix may publish and subscribe below that prefix only.
 */
final class Access implements ActiveMQSecurityManager5 {
  private static final String ANONYMOUS = "anonymous";
  /** Artemis keeps MQTT sessions and the state of QoS 2 in addresses of its own, with the client's rights. */
  private static final String INTERNAL_PREFIX = "$sys.mqtt";

  private record User(String password, String prefix) {}

  private final Map<String, User> users = new HashMap<>();

  void addUser(String name, String password, String prefix) {
    users.put(name, new User(password, prefix));
  }

  @Override
  public Subject authenticate(String name, String password, RemotingConnection connection, String securityDomain) {
    if (name != null && !name.isEmpty()) {
      User user = users.get(name);
      if (user != null && user.password().equals(password)) return subject(name);
      // SASL EXTERNAL: AMQP names the certificate that the handshake has verified
      return name.equals(certificateName(connection)) ? subject("certificate:" + name) : null;
    }
    if (!isEncrypted(connection)) return subject(ANONYMOUS);
    String certificate = certificateName(connection);
    return certificate == null ? null : subject("certificate:" + certificate);
  }

  private static String certificateName(RemotingConnection connection) {
    X509Certificate[] certificates = CertificateUtil.getCertsFromConnection(connection);
    if (certificates == null || certificates.length == 0) return null;
    return certificates[0].getSubjectX500Principal().getName();
  }

  private static boolean isEncrypted(RemotingConnection connection) {
    return connection.getTransportConnection() instanceof NettyConnection netty
        && netty.getChannel().pipeline().get(SslHandler.class) != null;
  }

  /** Artemis looks for a principal of its own class; any other one counts as nobody. */
  private static Subject subject(String name) {
    Subject subject = new Subject();
    subject.getPrincipals().add(new UserPrincipal(name));
    return subject;
  }

  @Override
  public boolean authorize(Subject subject, Set<Role> roles, CheckType check, String address) {
    if (subject == null || subject.getPrincipals().isEmpty()) return false;
    User user = users.get(subject.getPrincipals().iterator().next().getName());
    if (user == null || user.prefix().isEmpty() || address.startsWith(INTERNAL_PREFIX)) return true;
    return switch (check) {
      case SEND, CONSUME, BROWSE, CREATE_NON_DURABLE_QUEUE, CREATE_DURABLE_QUEUE -> address.startsWith(user.prefix());
      case MANAGE, EDIT, VIEW -> false;
      default -> true;
    };
  }

  @Override
  public boolean validateUser(String name, String password) {
    return false;
  }

  @Override
  public boolean validateUserAndRole(String name, String password, Set<Role> roles, CheckType check) {
    return false;
  }
}
