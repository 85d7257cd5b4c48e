import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/**
 * The server in the tests' product pack, in place of the product's classes. It starts, connects to its databases, listens
 * and stops as the product does, and ends with an error if the product could not work.
 */
public class PackServer {
  static final List<String> PROFILES =
      Arrays.asList("api-key-manager", "api-publisher", "api-store", "gateway-manager", "gateway-worker");
  static File home;

  public static void main(String[] args) throws Exception {
    long began = System.currentTimeMillis();
    home = new File(System.getProperty("carbon.home"));
    String wanted = "/mnt/" + InetAddress.getLocalHost().getHostName() + "/wso2am";
    if (!home.getPath().equals(wanted)) refuse("carbon.home is " + home + ", expected " + wanted);
    String profile = "";
    for (String arg : args) if (arg.startsWith("-Dprofile=")) profile = arg.substring("-Dprofile=".length());
    if (!PROFILES.contains(profile)) refuse("there is no profile \"" + profile + "\"");
    HotSpotDiagnosticMXBean options = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    long heap = Long.parseLong(options.getVMOption("MaxHeapSize").getValue()) / 1024 / 1024;
    log("Starting WSO2 Carbon: profile " + profile + ", home " + home + ", heap " + heap + " MiB");
    stopSlowly();

    Document carbon = parse("repository/conf/carbon.xml");
    connectAll();
    // Without the directory carbonapps, the product never finishes its start, and logs nothing about it.
    if (has("test-never-opens") || !new File(home, "repository/carbonapps").isDirectory()) Thread.sleep(Long.MAX_VALUE);
    int offset = Integer.parseInt(text(carbon.getDocumentElement(), "Offset"));
    SSLServerSocket server = listen(carbon, 9443 + offset);
    if (profile.startsWith("gateway")) serveCalls(8280 + offset);
    log("WSO2 Carbon started in " + (System.currentTimeMillis() - began) / 1000 + " sec");
    String answer = profile + " " + home + "\n";
    while (true) {
      SSLSocket client = (SSLSocket) server.accept();
      new Thread(() -> serve(client, answer)).start();
    }
  }

  /** Answers every request on a gateway's port for API calls. */
  static void serveCalls(int port) throws IOException {
    ServerSocket calls = new ServerSocket(port);
    new Thread(() -> {
      while (true) {
        try (Socket client = calls.accept()) {
          client.getInputStream().read(new byte[1024]);
          client.getOutputStream().write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".getBytes("US-ASCII"));
        } catch (IOException e) {
          log("API port: " + e);
        }
      }
    }).start();
  }

  static boolean has(String name) {
    return new File(home, "repository/conf/" + name).exists();
  }

  /** Takes some seconds to stop, as the product does, or never stops. */
  static void stopSlowly() {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      log("Shutdown hook triggered....");
      try {
        Thread.sleep(has("test-never-stops") ? Long.MAX_VALUE : 3000);
      } catch (InterruptedException e) {
        log("interrupted");
      }
      log("Halting JVM");
    }));
  }

  static void connectAll() throws Exception {
    NodeList all = parse("repository/conf/datasources/master-datasources.xml").getElementsByTagName("datasource");
    for (int i = 0; i < all.getLength(); i++) {
      Element source = (Element) all.item(i);
      String url = text(source, "url");
      if (!url.startsWith("jdbc:mysql:")) continue;
      Class.forName(text(source, "driverClassName"));
      try (Connection to = DriverManager.getConnection(url, text(source, "username"), text(source, "password"));
          ResultSet rows = to.createStatement().executeQuery(
              "SELECT DATABASE(), COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()")) {
        rows.next();
        String driver = to.getMetaData().getDriverVersion().split(" ")[0];
        log("Data source " + text(source, "name") + ": " + rows.getString(1) + " as " + text(source, "username") + ", "
            + rows.getInt(2) + " tables, " + driver);
      }
    }
  }

  static SSLServerSocket listen(Document carbon, int port) throws Exception {
    Element store = (Element) carbon.getElementsByTagName("KeyStore").item(0);
    String location = text(store, "Location").replace("${carbon.home}", home.getPath());
    char[] password = text(store, "Password").toCharArray();
    KeyStore keys = KeyStore.getInstance(text(store, "Type"));
    try (InputStream in = new FileInputStream(location)) {
      keys.load(in, password);
    }
    KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, text(store, "KeyPassword").toCharArray());
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(managers.getKeyManagers(), null, null);
    return (SSLServerSocket) tls.getServerSocketFactory().createServerSocket(port);
  }

  static void serve(SSLSocket client, String answer) {
    try (SSLSocket socket = client) {
      BufferedReader reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      String request = reader.readLine();
      String operation = "";
      int length = 0;
      for (String line = reader.readLine(); line != null && !line.isEmpty(); line = reader.readLine()) {
        String[] header = line.split(":", 2);
        if (header[0].equalsIgnoreCase("content-length")) length = Integer.parseInt(header[1].trim());
        if (header[0].equalsIgnoreCase("soapaction")) operation = header[1].replaceAll("[\\s\"]|urn:", "");
      }
      char[] body = new char[length];
      for (int read = 0; read < length; ) read += reader.read(body, read, length - read);
      boolean isService = request != null && request.startsWith("POST /services/ResourceAdminService ");
      String text = isService ? resourceAdminService(operation, new String(body)) : answer;
      byte[] content = text.getBytes(StandardCharsets.UTF_8);
      String status = content.length == 0 ? "202 Accepted" : "200 OK";
      String head = "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " + content.length + "\r\n\r\n";
      socket.getOutputStream().write(head.getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().write(content);
    } catch (Exception e) {
      // A client that closes the connection early is ignored.
    }
  }

  /** The registry's resource about self sign-up, as the product creates it, kept in memory. */
  static String signUp = "<SelfSignUp><EnableSignup>true</EnableSignup><SignUpDomain>PRIMARY</SignUpDomain>"
      + "<AdminUserName>admin</AdminUserName><AdminPassword>admin</AdminPassword></SelfSignUp>";

  /** Answers getTextContent with the resource, and updateTextContent with nothing. */
  static synchronized String resourceAdminService(String operation, String body) throws Exception {
    if (operation.equals("updateTextContent")) {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
      factory.setNamespaceAware(true);
      Document sent = factory.newDocumentBuilder().parse(new InputSource(new StringReader(body)));
      signUp = sent.getElementsByTagNameNS("*", "contentText").item(0).getTextContent();
      return "";
    }
    String text = signUp.replace("&", "&amp;").replace("<", "&lt;");
    return "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><n:" + operation
        + "Response xmlns:n=\"x\"><n:return>" + text + "</n:return></n:" + operation + "Response></s:Body></s:Envelope>";
  }

  static Document parse(String path) throws Exception {
    return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new File(home, path));
  }

  static String text(Element parent, String name) {
    return parent.getElementsByTagName(name).item(0).getTextContent().trim();
  }

  static void refuse(String why) {
    log("FATAL " + why);
    System.exit(1);
  }

  /** Logs to the console and to the file, as the product's log4j.properties configures. */
  static synchronized void log(String message) {
    String line = "[" + new Date() + "]  INFO - " + message;
    System.out.println(line);
    try (FileWriter file = new FileWriter(new File(home, "repository/logs/wso2carbon.log"), true)) {
      file.write(line + "\n");
    } catch (IOException e) {
      System.out.println("wso2carbon.log: " + e);
    }
  }
}
