import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/** The broker's settings, from a properties file. A key that is missing and has no default is an error that names it. */
record Settings(Properties values) {

  static Settings read(Path file) throws IOException {
    Properties values = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      values.load(reader);
    }
    return new Settings(values);
  }

  String text(String key) {
    String value = values.getProperty(key);
    if (value == null) throw new IllegalArgumentException("setting " + key + " is missing");
    return value.trim();
  }

  int number(String key) {
    return Integer.parseInt(text(key));
  }

  Path path(String key) {
    return Path.of(text(key));
  }
}
