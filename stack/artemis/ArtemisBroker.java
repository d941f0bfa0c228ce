import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.Collectors;
import org.apache.activemq.artemis.api.core.RoutingType;
import org.apache.activemq.artemis.core.config.Configuration;
import org.apache.activemq.artemis.core.config.WildcardConfiguration;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.security.Role;
import org.apache.activemq.artemis.core.server.JournalType;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.core.settings.impl.AddressFullMessagePolicy;
import org.apache.activemq.artemis.core.settings.impl.AddressSettings;

/**
 * Apache ActiveMQ Artemis as an MQTT broker: MQTT 5, 3.1.1 and AMQP 1.0 on a plain port, on one with TLS and on one that demands
 * a client certificate; sessions and messages survive a restart. Usage: ArtemisBroker SETTINGS-FILE
 */
public final class ArtemisBroker {

  public static void main(String[] arguments) throws Exception {
    Settings settings = Settings.read(Path.of(arguments[0]));
    ReceiveMaximum.limit = settings.number("receiveMaximum");

    Configuration configuration = storage(settings.path("data"));
    addAcceptors(configuration, settings);
    configuration.addAddressSetting("#", addresses());
    configuration.putSecurityRoles("#", Set.of(new Role("all", true, true, true, true, true, true, true, true, true, true, true, true)));
    configuration.setOutgoingInterceptorClassNames(List.of(ReceiveMaximum.class.getName()));

    EmbeddedActiveMQ broker = new EmbeddedActiveMQ();
    broker.setConfiguration(configuration);
    broker.setSecurityManager(access(settings));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(broker)));
    broker.start();
    Thread.currentThread().join();
  }

  private static void stop(EmbeddedActiveMQ broker) {
    try {
      broker.stop();
    } catch (Exception error) {
      error.printStackTrace();
    }
  }

  /** A durable journal without fsync: it survives the end of the process, not of the machine. */
  private static Configuration storage(Path data) throws Exception {
    return new ConfigurationImpl()
        .setName("millrace")
        .setPersistenceEnabled(true)
        .setJournalDirectory(data.resolve("journal").toString())
        .setBindingsDirectory(data.resolve("bindings").toString())
        .setPagingDirectory(data.resolve("paging").toString())
        .setLargeMessagesDirectory(data.resolve("large").toString())
        .setJournalType(JournalType.NIO)
        .setJournalDatasync(false)
        .setJournalFileSize(10 << 20)
        .setJournalMinFiles(2)
        .setJournalPoolFiles(4)
        .setJournalBufferTimeout_NIO(500_000)
        .setGlobalMaxSize(128 << 20)
        .setMaxDiskUsage(-1)
        .setNetworkCheckList("")
        .setJMXManagementEnabled(false)
        .setMessageCounterEnabled(false)
        .setGracefulShutdownEnabled(false)
        .setMqttSessionScanInterval(500)
        .setMqttSubscriptionPersistenceEnabled(true)
        .setAddressQueueScanPeriod(5_000)
        .setSecurityEnabled(true)
        // what the plain port allows to an anonymous client must not be remembered for the others
        .setAuthenticationCacheSize(0)
        .setWildCardConfiguration(mqttWildcards());
  }

  /** MQTT's own characters, so that no topic name is translated into an address of another form. */
  private static WildcardConfiguration mqttWildcards() {
    WildcardConfiguration wildcards = new WildcardConfiguration();
    wildcards.setDelimiter('/').setSingleWord('+').setAnyWords('#');
    return wildcards;
  }

  private static AddressSettings addresses() {
    return new AddressSettings()
        .setAutoCreateQueues(true)
        .setAutoCreateAddresses(true)
        .setAutoDeleteQueues(true)
        .setAutoDeleteQueuesDelay(0)
        .setAutoDeleteAddresses(true)
        .setAutoDeleteAddressesDelay(300_000)
        // or else a topic that only ever met a wildcard subscription stays for good
        .setAutoDeleteAddressesSkipUsageCheck(true)
        .setDefaultAddressRoutingType(RoutingType.MULTICAST)
        .setDefaultQueueRoutingType(RoutingType.MULTICAST)
        .setAddressFullMessagePolicy(AddressFullMessagePolicy.PAGE)
        .setMaxSizeBytes(-1)
        .setMaxDeliveryAttempts(-1)
        .setRedistributionDelay(-1)
        // the default of 8192 takes 32 KB of heap for every subscription and every retained topic
        .setInitialQueueBufferSize(32)
        .setEnableMetrics(false);
  }

  private static void addAcceptors(Configuration configuration, Settings settings) throws Exception {
    String host = settings.text("host");
    String certificates = certificateParameters(settings);
    String mqtt = mqttParameters(settings);
    addAcceptor(configuration, "plain", host, settings.number("port"), mqtt);
    addAcceptor(configuration, "tls", host, settings.number("tlsPort"), certificates + ";" + mqtt);
    addAcceptor(configuration, "mtls", host, settings.number("mtlsPort"), "needClientAuth=true;" + certificates + ";" + mqtt);
  }

  private static void addAcceptor(Configuration configuration, String name, String host, int port, String parameters) throws Exception {
    configuration.addAcceptorConfiguration(name, "tcp://" + host + ":" + port + "?protocols=MQTT,AMQP;" + parameters);
  }

  private static String mqttParameters(Settings settings) {
    return Stream.of(
            "receiveMaximum=" + ReceiveMaximum.limit,
            "topicAliasMaximum=" + settings.number("topicAliasMaximum"),
            "maximumPacketSize=" + settings.number("maximumPacketSize"),
            "defaultMqttSessionExpiryInterval=86400",
            "defaultMaximumInFlightPublishMessages=65535",
            "closeMqttConnectionOnPublishAuthorizationFailure=true",
            // credit that AMQP clients get to send; a client certificate counts as a login where there is one
            "amqpCredits=1000",
            "amqpLowCredits=300",
            "saslMechanisms=PLAIN,ANONYMOUS,EXTERNAL",
            "tcpNoDelay=true",
            "tcpSendBufferSize=262144",
            "tcpReceiveBufferSize=262144")
        .collect(Collectors.joining(";"));
  }

  /** Key and certificate as PEM files are named to Artemis by a small file of the type PEMCFG. */
  private static String certificateParameters(Settings settings) throws IOException {
    Path data = Files.createDirectories(settings.path("data"));
    Path keyStore = data.resolve("server.pemcfg");
    Files.writeString(keyStore, "source.key=" + settings.path("serverKey") + "\nsource.cert=" + settings.path("serverCert") + "\n");
    return Stream.of(
            "sslEnabled=true",
            "keyStoreType=PEMCFG",
            "keyStorePath=" + keyStore,
            "trustStoreType=PEM",
            "trustStorePath=" + settings.path("ca"),
            "enabledProtocols=TLSv1.3,TLSv1.2")
        .collect(Collectors.joining(";"));
  }

  /** Users are numbered: user.1.name, user.1.password, user.1.prefix, user.2.name and so on. */
  private static Access access(Settings settings) {
    Access access = new Access();
    for (int i = 1; settings.values().containsKey("user." + i + ".name"); i++) {
      String key = "user." + i + ".";
      access.addUser(settings.text(key + "name"), settings.text(key + "password"), settings.text(key + "prefix"));
    }
    return access;
  }
}
