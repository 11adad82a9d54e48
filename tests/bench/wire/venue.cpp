// The venue that tick to buy is measured against: one thread, one connection at a time, blocking
// OpenSSL, both dialects. It answers what derivd asks at its opening and while it trades, and keeps
// books that derivd's own must agree with; it has no faults, no limits and no other symbol, because
// whatever it did besides would be in the figures.
//
//   wire_venue TLS_DIR [--spin]
//
// Says on its output, as one line of JSON, at which port it listens and which file has its CA. Then
// takes commands by lines of its input, each answered by one line:
//   run N GAP   N rounds with the client that listens to the ticks, GAP microseconds before each:
//               {"latencies_ns":[…]}
//   books       {"balance":…,"contracts":[…]}
// and serves whoever connects between them. Ends with 0 at the end of its input; with 1, and
// {"error":…}, when a client did not do what it was measured for.
//
// A round: the gap, a tick whose last digit has the parity of the one before, which is what the
// client waits for; the purchase and its answer; the gap, and the tick that decides the contract,
// with its settlement. The clock is read before the first byte of the tick is encrypted and after
// the last one of the purchase is decrypted.
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>

#include "books.hpp"
#include "net/net.hpp"
#include "stream.hpp"

namespace derivd::wire {
namespace {

using nlohmann::json;

constexpr std::string_view kAccounts = "/trading/v1/options/accounts";
constexpr int kPatienceMs = 20'000;
constexpr int kTickMs = 1'000;       // between rounds
constexpr std::int64_t kStake = 35;  // cents: what every purchase here is to cost

std::string http(std::string_view status, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      status, body.size(), body);
}

std::int64_t int_of(const json& request, const char* key, std::int64_t otherwise) {
  const auto found = request.find(key);
  if (found == request.end()) return otherwise;
  if (found->is_number_integer()) return found->get<std::int64_t>();
  const auto text = found->is_string() ? found->get<std::string>() : std::string();
  std::int64_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::int64_t cents_of(const json& amount) { return std::llround(amount.get<double>() * 100); }

class Venue {
 public:
  Venue(const net::ServerCertificate& certificate, bool spins)
      : context_(server_context(certificate.cert_file, certificate.key_file)),
        listener_(listen_on_loopback()),
        spins_(spins),
        books_(::time(nullptr)) {}

  std::uint16_t port() const { return port_of(listener_); }
  /// Until the input ends.
  void serve();

 private:
  struct Client {
    std::unique_ptr<Stream> stream;
    Dialect dialect = Dialect::kOptions;
    Envelope balance, transaction, ticks;        // streams; without an id: not asked for
    std::map<std::int64_t, Envelope> contracts;  // by contract
    int streams = 0;
  };

  // Between rounds.
  bool step(bool with_commands);
  void tick_along();
  bool take_commands();
  void command(std::string_view line);
  void accept();
  void answer_rest(Stream& stream, std::string_view method, std::string_view target) const;
  void read_client();

  // Requests of the client.
  void handle(const Frame& frame);
  void answer(const json& request, const Envelope& envelope);
  void answer_account(const json& request, Envelope envelope);
  void answer_market(const json& request, Envelope envelope);
  void answer_contract(const json& request, Envelope envelope);
  void reply(const Envelope& envelope, std::string_view name, std::string_view payload) {
    client_.stream->send(frame(envelope, name, name, payload));
  }
  std::string new_stream() {
    return fmt::format("5717ea4d-0000-4000-8000-{:012}", ++client_.streams);
  }

  // Rounds.
  std::string run(std::int64_t rounds, std::chrono::microseconds gap);
  std::chrono::nanoseconds round(std::chrono::microseconds gap, bool next_parity);
  void idle(std::chrono::microseconds gap);
  void catch_up();
  void send_tick(bool even);
  void take_order(const json& request, const Envelope& envelope);
  void settle();
  void push_money(const Contract& contract, bool sale);

  TlsContext context_;
  Descriptor listener_;
  bool spins_;
  Books books_;
  Client client_;
  std::string commands_;
  std::uint64_t parities_ = 1;
};

// ---- between rounds ----

void Venue::serve() {
  while (step(true)) {
  }
}

/// Waits for one thing to do and does it; false at the end of the input.
bool Venue::step(bool with_commands) {
  const bool connected = client_.stream != nullptr;
  if (connected && client_.stream->has_bytes()) {
    read_client();
    return true;
  }
  pollfd wanted[3] = {{with_commands ? STDIN_FILENO : -1, POLLIN, 0},
                      {listener_.get(), POLLIN, 0},
                      {connected ? client_.stream->descriptor() : -1, POLLIN, 0}};
  const bool listens = connected && !client_.ticks.id.empty();
  const int patience = listens ? kTickMs : with_commands ? -1 : kPatienceMs;
  const int ready = ::poll(wanted, 3, patience);
  if (ready < 0 || (ready == 0 && !listens)) throw Failure("nobody came");
  if (ready == 0) tick_along();
  // In this order: a command is about whoever was here when it was given.
  if (wanted[2].revents != 0) read_client();
  if (wanted[1].revents != 0) accept();
  return wanted[0].revents == 0 || take_commands();
}

/// A symbol that falls silent is a fault to derivd. Parities take turns, so that nobody buys.
void Venue::tick_along() {
  try {
    send_tick(!books_.last_tick().is_even());
  } catch (const Closed&) {
    client_ = {};
  }
}

bool Venue::take_commands() {
  char bytes[256];
  const auto got = ::read(STDIN_FILENO, bytes, sizeof bytes);
  if (got <= 0) return false;
  commands_.append(bytes, static_cast<std::size_t>(got));
  for (auto end = commands_.find('\n'); end != std::string::npos; end = commands_.find('\n')) {
    command(commands_.substr(0, end));
    commands_.erase(0, end + 1);
  }
  return true;
}

void Venue::command(std::string_view line) {
  long long rounds = 0;
  long long gap = 0;
  if (line == "books") {
    fmt::print("{}\n", books_.ledger_json());
  } else if (std::sscanf(std::string(line).c_str(), "run %lld %lld", &rounds, &gap) == 2) {
    fmt::print("{}\n", run(rounds, std::chrono::microseconds(gap)));
  } else {
    throw Failure("an unknown command");
  }
  std::fflush(stdout);
}

/// One exchange of REST, or the socket that is traded on, which takes the place of the one before.
void Venue::accept() {
  Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (socket.get() < 0) return;
  try {
    auto stream = std::make_unique<Stream>(*context_, std::move(socket), Stream::Side::kServer);
    const auto head = stream->read_head();
    const auto space = head.find(' ');
    const auto target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
    const auto upgrade = answer_to_upgrade(head);
    if (upgrade.empty()) {
      return answer_rest(*stream, head.substr(0, space), target);
    }
    stream->write(upgrade);
    client_ = {};
    client_.dialect = target.starts_with("/websockets/v3") ? Dialect::kV3 : Dialect::kOptions;
    client_.stream = std::move(stream);
    client_.stream->set_spins(spins_);
  } catch (const Failure& e) {
    // A client that gives up while it connects is no failure of the venue: it comes again.
    fmt::print(stderr, "wire_venue: {}\n", e.what());
  }
}

void Venue::answer_rest(Stream& stream, std::string_view method, std::string_view target) const {
  const auto data = [&](std::string_view body) {
    stream.write(http("200 OK", fmt::format(R"({{"data":{},"meta":{{"endpoint":"{}","method":"{}",)"
                                            R"("timing":3}}}})",
                                            body, target, method)));
  };
  const auto account = account_of(Dialect::kOptions);
  if (target == kAccounts) {
    return data(fmt::format(
        R"([{{"account_id":"{}","account_type":"demo","balance":{}.{:02},"currency":"USD",)"
        R"("group":"row","status":"active"}}])",
        account, books_.balance() / 100, books_.balance() % 100));
  }
  if (target == fmt::format("{}/{}/otp", kAccounts, account)) {
    return data(fmt::format(R"({{"url":"wss://127.0.0.1:{}/trading/v1/options/ws/demo?otp=wire"}})",
                            port()));
  }
  // The probe for a scope that the token must not have comes here, too.
  stream.write(
      http("403 Forbidden", fmt::format(R"({{"errors":[{{"code":"AccessDenied","message":)"
                                        R"("Insufficient scope","status":403}}],"meta":)"
                                        R"({{"endpoint":"{}","method":"{}","timing":3}}}})",
                                        target, method)));
}

void Venue::read_client() {
  try {
    // Not sooner than a byte is there, so that this returns without one only in the middle of one.
    if (const auto frame = client_.stream->read_frame_until(Clock::now())) handle(*frame);
  } catch (const Closed&) {
    client_ = {};
  }
}

// ---- requests ----

void Venue::handle(const Frame& frame) {
  if (frame.opcode == Frame::kPing) {
    client_.stream->write_frame(Frame::kPong, std::string(frame.text));
  } else if (frame.opcode == Frame::kClose) {
    client_.stream->write_frame(Frame::kClose, std::string(frame.text));
    throw Closed("the client has closed the link");
  } else if (frame.opcode == Frame::kText) {
    const auto request = json::parse(frame.text);
    Envelope envelope{std::string(frame.text), int_of(request, "req_id", 0), {}};
    if (request.contains("authorize")) {
      envelope.echo = fmt::format(R"({{"authorize":"<not shown>","req_id":{}}})", envelope.req_id);
    }
    answer(request, envelope);
  }
}

void Venue::answer(const json& request, const Envelope& envelope) {
  if (request.contains("buy")) throw Failure("a purchase that no tick asked for");
  if (request.contains("ping")) return reply(envelope, "ping", "\"pong\"");
  if (request.contains("time")) {
    return reply(envelope, "time", fmt::format("{}", books_.last_tick().epoch));
  }
  if (request.contains("forget")) return reply(envelope, "forget", "1");
  // It sells whatever is asked for, and says nothing about it.
  if (request.contains("contracts_for")) {
    return reply(envelope, "contracts_for", R"({"available":[],"hit_count":0})");
  }
  for (const auto* key : {"active_symbols", "ticks", "ticks_history"}) {
    if (request.contains(key)) return answer_market(request, envelope);
  }
  if (request.contains("proposal_open_contract")) return answer_contract(request, envelope);
  answer_account(request, envelope);
}

void Venue::answer_account(const json& request, Envelope envelope) {
  const auto dialect = client_.dialect;
  if (request.contains("authorize")) return reply(envelope, "authorize", authorize_json());
  if (request.contains("balance")) {
    envelope.id = new_stream();
    client_.balance = envelope;
    return reply(envelope, "balance", books_.balance_json(dialect, envelope.id));
  }
  if (request.contains("transaction")) {
    envelope.id = new_stream();
    client_.transaction = envelope;
    return reply(envelope, "transaction", fmt::format(R"({{"id":"{}"}})", envelope.id));
  }
  if (request.contains("portfolio")) {
    return reply(envelope, "portfolio", books_.portfolio_json(dialect));
  }
  if (request.contains("profit_table")) {
    return reply(envelope, "profit_table",
                 books_.profit_table_json(int_of(request, "date_from", 0),
                                          static_cast<std::size_t>(int_of(request, "offset", 0)),
                                          static_cast<std::size_t>(int_of(request, "limit", 50))));
  }
  throw Failure("a request that this venue does not know: " + envelope.echo);
}

void Venue::answer_market(const json& request, Envelope envelope) {
  if (request.contains("active_symbols")) {
    return reply(envelope, "active_symbols", active_symbols_json(client_.dialect));
  }
  if (request.contains("subscribe")) {
    envelope.id = new_stream();
    client_.ticks = envelope;
  }
  if (request.contains("ticks")) return reply(envelope, "tick", books_.tick_json(envelope.id));
  auto text = frame(envelope, "history", "history",
                    books_.history_json(int_of(request, "start", 0),
                                        static_cast<std::size_t>(int_of(request, "count", 5'000))));
  text.pop_back();
  client_.stream->send(text + R"(,"pip_size":2})");
}

void Venue::answer_contract(const json& request, Envelope envelope) {
  const auto* contract = books_.find(int_of(request, "contract_id", 0));
  if (contract == nullptr) throw Failure("a question for no contract: " + envelope.echo);
  if (request.contains("subscribe") && !contract->is_sold()) {
    envelope.id = new_stream();
    client_.contracts[contract->id] = envelope;
  }
  reply(envelope, "proposal_open_contract",
        books_.contract_json(client_.dialect, *contract, envelope.id));
}

// ---- rounds ----

std::string Venue::run(std::int64_t rounds, std::chrono::microseconds gap) {
  while (!client_.stream || client_.ticks.id.empty()) step(false);
  std::string out;
  // A tick of the other parity: whatever a client has counted, it has counted to one now.
  send_tick(!books_.last_tick().is_even());
  for (std::int64_t i = 0; i < rounds; ++i) {
    parities_ = parities_ * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    const auto took = round(gap, (parities_ >> 40U) % 2 == 0);
    out += fmt::format("{}{}", out.empty() ? "" : ",", took.count());
  }
  catch_up();
  return fmt::format(R"({{"latencies_ns":[{}]}})", out);
}

std::chrono::nanoseconds Venue::round(std::chrono::microseconds gap, bool next_parity) {
  idle(gap);
  books_.next_tick(books_.last_tick().is_even());
  const auto tick =
      encoded(Frame::kText,
              frame(client_.ticks, "tick", "tick", books_.tick_json(client_.ticks.id)), false);
  const auto sent = Clock::now();
  client_.stream->write(tick);
  Clock::time_point bought;
  while (true) {
    const auto frame = client_.stream->read_frame();
    bought = Clock::now();
    if (frame.text.find("\"buy\":") == std::string_view::npos) {
      handle(frame);
      continue;
    }
    const auto request = json::parse(frame.text);
    take_order(request, {std::string(frame.text), int_of(request, "req_id", 0), {}});
    break;
  }
  idle(gap);
  send_tick(next_parity);
  settle();
  return bought - sent;
}

/// Answers what is asked until the gap is over.
void Venue::idle(std::chrono::microseconds gap) {
  const auto end = Clock::now() + gap;
  while (const auto frame = client_.stream->read_frame_until(end)) handle(*frame);
}

/// Until the client has read everything: whoever ends it now ends it with nothing open.
void Venue::catch_up() {
  client_.stream->write_frame(Frame::kPing, "wire");
  while (true) {
    const auto frame = client_.stream->read_frame();
    if (frame.opcode == Frame::kPong) return;
    handle(frame);
  }
}

void Venue::send_tick(bool even) {
  books_.next_tick(even);
  client_.stream->send(frame(client_.ticks, "tick", "tick", books_.tick_json(client_.ticks.id)));
}

/// Books a purchase and answers it.
void Venue::take_order(const json& request, const Envelope& envelope) {
  const auto& order = request.at("parameters");
  const auto type = order.at("contract_type").get<std::string>();
  const auto* symbol = client_.dialect == Dialect::kV3 ? "symbol" : "underlying_symbol";
  const bool right = cents_of(request.at("price")) == kStake &&
                     cents_of(order.at("amount")) == kStake && order.at(symbol) == kSymbol &&
                     order.at("duration") == 1 && order.at("duration_unit") == "t" &&
                     order.at("currency") == "USD" &&
                     type == (books_.last_tick().is_even() ? "DIGITODD" : "DIGITEVEN");
  if (!right) throw Failure("not the purchase of this tick: " + envelope.echo);
  const auto& contract = books_.buy(type, kStake);
  push_money(contract, false);
  reply(envelope, "buy", books_.buy_json(contract));
}

/// What follows the tick that decided the open contracts.
void Venue::settle() {
  auto& contracts = books_.contracts();
  for (auto i = books_.decide(); i < contracts.size(); ++i) {
    auto& contract = contracts[i];
    const auto watched = client_.contracts.find(contract.id);
    const auto show = [&] {
      if (watched == client_.contracts.end()) return;
      reply(watched->second, "proposal_open_contract",
            books_.contract_json(client_.dialect, contract, watched->second.id));
    };
    show();
    books_.pay(contract);
    push_money(contract, true);
    show();
    if (watched != client_.contracts.end()) client_.contracts.erase(watched);
  }
}

void Venue::push_money(const Contract& contract, bool sale) {
  const auto dialect = client_.dialect;
  if (const auto& to = client_.transaction; !to.id.empty()) {
    reply(to, "transaction", books_.transaction_json(dialect, contract, sale, to.id));
  }
  if (const auto& to = client_.balance; !to.id.empty()) {
    reply(to, "balance", books_.balance_json(dialect, to.id));
  }
}

int serve(const std::string& directory, bool spins) {
  const auto certificate = net::make_certificate(directory);
  if (!certificate) throw Failure(certificate.error().text);
  Venue venue(*certificate, spins);
  fmt::print("{{\"port\":{},\"ca_file\":\"{}\"}}\n", venue.port(), certificate->ca_file);
  std::fflush(stdout);
  venue.serve();
  return 0;
}

}  // namespace
}  // namespace derivd::wire

int main(int argc, char** argv) {
  const bool spins = argc == 3 && std::string_view(argv[2]) == "--spin";
  if (argc != 2 && !spins) {
    std::fputs("usage: wire_venue TLS_DIR [--spin]\n", stderr);
    return 64;
  }
  std::signal(SIGPIPE, SIG_IGN);
  // The kernel may be 50 us late with a timer, to save wake-ups: as much as the shortest gap has.
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  try {
    return derivd::wire::serve(argv[1], spins);
  } catch (const std::exception& e) {
    fmt::print("{}\n", nlohmann::json{{"error", e.what()}}.dump());
    return 1;
  }
}
