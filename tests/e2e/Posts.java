// Posts to a bot as Java's own client does by default: it offers HTTP/2 in each request (Connection: Upgrade, HTTP2-Settings).
//   java Posts.java URL COUNT < lines of "QUERY\tBODY in base64"; prints how many answers of each status, and failures.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.*;
import java.util.concurrent.*;

public class Posts {
  public static void main(String[] args) throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    Map<String, Integer> counts = new TreeMap<>();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    ExecutorService pool = Executors.newFixedThreadPool(8);
    List<Future<String>> answers = new ArrayList<>();
    for (String line; (line = in.readLine()) != null;) {
      String[] parts = line.split("\t");
      HttpRequest request = HttpRequest.newBuilder(URI.create(args[0] + "?" + parts[0]))
          .header("Content-Type", "text/xml").POST(HttpRequest.BodyPublishers.ofByteArray(Base64.getDecoder().decode(parts[1]))).build();
      answers.add(pool.submit(() -> {
        try {
          HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
          return response.statusCode() + " " + (response.body().contains("<xml>") ? "reply" : response.body().trim());
        } catch (Exception e) {
          return e.toString();
        }
      }));
    }
    for (Future<String> answer : answers) counts.merge(answer.get(), 1, Integer::sum);
    pool.shutdown();
    counts.forEach((what, count) -> System.out.println(count + " " + what));
    System.exit(0);
  }
}
