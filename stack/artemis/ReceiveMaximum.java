import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.mqtt.MqttConnAckMessage;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttProperties;
import io.netty.handler.codec.mqtt.MqttPubReplyMessageVariableHeader;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttReasonCodeAndPropertiesVariableHeader;
import io.netty.util.ReferenceCountUtil;
import org.apache.activemq.artemis.core.protocol.mqtt.MQTTInterceptor;
import org.apache.activemq.artemis.core.protocol.mqtt.MQTTProtocolHandler;
import org.apache.activemq.artemis.core.remoting.impl.netty.NettyConnection;
import org.apache.activemq.artemis.spi.core.protocol.RemotingConnection;

/**
 * The server's Receive Maximum (MQTT 5, 3.2.2.3.3 and 4.9). Artemis 2.55 has a setting of that name but neither tells
 * it to the client nor keeps to it. This puts it into CONNACK, and disconnects a client that exceeds it with 0x93.
 */
public final class ReceiveMaximum implements MQTTInterceptor {
  private static final int RECEIVE_MAXIMUM_PROPERTY = 0x21;
  private static final byte RECEIVE_MAXIMUM_EXCEEDED = (byte) 0x93;

  /** Artemis makes interceptors itself, from the class name, so the value cannot come through the constructor. */
  static int limit = 1000;

  @Override
  public boolean intercept(MqttMessage message, RemotingConnection connection) {
    if (!(message instanceof MqttConnAckMessage connAck)) return true;
    MqttProperties properties = connAck.variableHeader().properties();
    boolean isMqtt5 = properties != null && properties != MqttProperties.NO_PROPERTIES;
    if (!isMqtt5) return true;
    properties.add(new MqttProperties.IntegerProperty(RECEIVE_MAXIMUM_PROPERTY, limit));
    ChannelPipeline pipeline = ((NettyConnection) connection.getTransportConnection()).getChannel().pipeline();
    ChannelHandlerContext protocol = pipeline.context(MQTTProtocolHandler.class);
    if (protocol != null) pipeline.addBefore(protocol.name(), "receiveMaximum", new Window());
    return true;
  }

  /** Counts what a client has published and not yet got acknowledged. Only its channel's own thread calls it. */
  private static final class Window extends ChannelDuplexHandler {
    private int open;

    @Override
    public void channelRead(ChannelHandlerContext context, Object incoming) {
      boolean counts = incoming instanceof MqttPublishMessage publish && publish.fixedHeader().qosLevel().value() > 0;
      if (counts && ++open > limit) {
        ReferenceCountUtil.release(incoming);
        context.writeAndFlush(disconnect()).addListener(ChannelFutureListener.CLOSE);
        return;
      }
      context.fireChannelRead(incoming);
    }

    @Override
    public void write(ChannelHandlerContext context, Object outgoing, ChannelPromise promise) {
      if (outgoing instanceof MqttMessage message && endsPublish(message)) open--;
      context.write(outgoing, promise);
    }

    /** PUBREC ends an exchange only when it carries an error. */
    private static boolean endsPublish(MqttMessage message) {
      return switch (message.fixedHeader().messageType()) {
        case PUBACK, PUBCOMP -> true;
        case PUBREC -> message.variableHeader() instanceof MqttPubReplyMessageVariableHeader reply && (reply.reasonCode() & 0x80) != 0;
        default -> false;
      };
    }

    private static MqttMessage disconnect() {
      var header = new MqttFixedHeader(MqttMessageType.DISCONNECT, false, MqttQoS.AT_MOST_ONCE, false, 0);
      return new MqttMessage(header, new MqttReasonCodeAndPropertiesVariableHeader(RECEIVE_MAXIMUM_EXCEEDED, MqttProperties.NO_PROPERTIES));
    }
  }
}
