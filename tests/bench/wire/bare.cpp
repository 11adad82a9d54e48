// The yardstick: the least that can buy on the tick that derivd buys on. It reads a frame, finds
// the last digit of its quote, and writes a purchase that was formatted and framed before, for the
// second digit of one parity in a row. It keeps no books, no limits and no journal, checks nothing
// that the venue says and sleeps in the read; what derivd takes longer is what those cost.
//
//   wire_bare PORT CA_FILE options|v3
//
// Ends with 0 when the venue closes the connection, with 1 when anything else happens.
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include "stream.hpp"

namespace {

using namespace derivd::wire;

void open(Stream& stream, bool v3) {
  const std::string target =
      v3 ? "/websockets/v3?app_id=1089" : "/trading/v1/options/ws/demo?otp=bare";
  stream.write("GET " + target +
               " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  if (stream.read_head().find(" 101 ") == std::string::npos) throw Failure("no upgrade");
  if (v3) {
    stream.send(R"({"authorize":"bare","req_id":1})");
    stream.read_frame();
  }
  stream.send(R"({"ticks":"1HZ100V","subscribe":1,"req_id":2})");
}

std::string purchase(std::string_view type, bool v3) {
  std::string text = R"({"buy":"1","price":0.35,"parameters":{"contract_type":")";
  text.append(type).append(v3 ? R"(","symbol":)" : R"(","underlying_symbol":)");
  text.append(R"("1HZ100V","currency":"USD","basis":"stake","amount":0.35,"duration":1,)");
  text.append(R"("duration_unit":"t"},"req_id":3})");
  return encoded(Frame::kText, text, true);
}

/// The second decimal of the number at `from`; JSON leaves out the zeros at its end.
int last_digit(std::string_view text, std::size_t from) {
  const auto end = text.find_first_of(",}", from);
  const auto point = text.substr(from, end - from).find('.');
  if (point == std::string_view::npos || from + point + 2 >= end) return 0;
  return text[from + point + 2] - '0';
}

void trade(Stream& stream, bool v3) {
  constexpr std::string_view kQuote = R"("quote":)";
  const auto buy_even = purchase("DIGITEVEN", v3);
  const auto buy_odd = purchase("DIGITODD", v3);
  bool was_even = false;
  int run = 0;
  while (true) {
    const auto [opcode, text] = stream.read_frame();
    const auto at = text.find(kQuote);
    if (at == std::string_view::npos) {
      if (opcode == Frame::kPing) stream.write_frame(Frame::kPong, std::string(text));
      continue;
    }
    const bool even = last_digit(text, at + kQuote.size()) % 2 == 0;
    run = even == was_even ? run + 1 : 1;
    was_even = even;
    if (run < 2) continue;
    stream.write(even ? buy_odd : buy_even);
    run = 0;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: wire_bare PORT CA_FILE options|v3\n", stderr);
    return 64;
  }
  const std::string_view port_text = argv[1];
  std::uint16_t port = 0;
  std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  const bool v3 = std::string_view(argv[3]) == "v3";
  try {
    const auto context = client_context(argv[2]);
    Stream stream(*context, connect_to_loopback(port), Stream::Side::kClient);
    open(stream, v3);
    trade(stream, v3);
  } catch (const Closed&) {
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "wire_bare: %s\n", e.what());
    return 1;
  }
}
