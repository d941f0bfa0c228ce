import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthInput;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthOutput;
import com.hivemq.extension.sdk.api.packets.connect.ConnackReasonCode;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;
import com.hivemq.extension.sdk.api.services.builder.Builders;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** Who may connect: everybody without a name, and each user by password; one with a prefix keeps to topics below it. */
public final class Users implements ExtensionMain, SimpleAuthenticator {
  private record User(String password, String prefix) {}

  private final Map<String, User> users = new HashMap<>();

  void add(String name, String password, String prefix) {
    users.put(name, new User(password, prefix));
  }

  @Override
  public void extensionStart(ExtensionStartInput input, ExtensionStartOutput output) {
    Services.securityRegistry().setAuthenticatorProvider(provider -> this);
  }

  @Override
  public void extensionStop(ExtensionStopInput input, ExtensionStopOutput output) {}

  @Override
  public void onConnect(SimpleAuthInput input, SimpleAuthOutput output) {
    String name = input.getConnectPacket().getUserName().orElse(null);
    if (name == null) {
      output.authenticateSuccessfully();
      return;
    }
    User user = users.get(name);
    String password = input.getConnectPacket().getPassword().map(bytes -> StandardCharsets.UTF_8.decode(bytes).toString()).orElse("");
    if (user == null || !user.password().equals(password)) {
      output.failAuthentication(ConnackReasonCode.BAD_USER_NAME_OR_PASSWORD);
      return;
    }
    if (!user.prefix().isEmpty()) {
      output.getDefaultPermissions().add(Builders.topicPermission().topicFilter(user.prefix() + "#").build());
    }
    output.authenticateSuccessfully();
  }
}
