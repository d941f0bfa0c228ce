import java.util.List;
import java.util.logging.Filter;
import java.util.logging.LogRecord;

/** Leaves out one warning a queue about missing dead-letter and expiry addresses, and the news that a client went away. */
public final class LogFilter implements Filter {
  private static final List<String> NOISE = List.of("AMQ222165", "AMQ222166", "AMQ212037");

  @Override
  public boolean isLoggable(LogRecord record) {
    String message = record.getMessage();
    return message == null || NOISE.stream().noneMatch(message::startsWith);
  }
}
