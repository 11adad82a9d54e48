// From wire to wire on loopback: the server, in a thread and loop of its own, stamps the time,
// sends a tick over TLS, and stamps again when the client's purchase has come back whole. Server
// and kernel are in the figure. Loopback, blocking loops, no pinning: compare runs side by side
// only.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "net/net.hpp"

namespace derivd::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kTick =
    R"({"echo_req":{"req_id":7,"subscribe":1,"ticks":"1HZ100V"},"msg_type":"tick","req_id":7,)"
    R"("subscription":{"id":"d0d2c2b5-7f5b-4a4e-9f6f-2f0c4f3f4b1a"},"tick":{"ask":1234.66,)"
    R"("bid":1234.46,"epoch":1767225600,"id":"d0d2c2b5-7f5b-4a4e-9f6f-2f0c4f3f4b1a",)"
    R"("pip_size":2,"quote":1234.56,"symbol":"1HZ100V"}})";
constexpr std::string_view kBuy =
    R"({"buy":"1","price":0.35,"parameters":{"amount":0.35,"basis":"stake",)"
    R"("contract_type":"DIGITODD","currency":"USD","duration":1,"duration_unit":"t",)"
    R"("underlying_symbol":"1HZ100V"},"req_id":4711})";

class Venue final : public ServerHandler {
 public:
  HttpResponse on_request(const ServerRequest&) override { return {404, ""}; }
  HttpResponse on_upgrade(const ServerRequest&) override { return {101, ""}; }
  void on_connected(ServerSocket& socket, const ServerRequest&) override { socket_ = &socket; }
  void on_gone(ServerSocket&) override { socket_ = nullptr; }
  void on_frame(ServerSocket&, std::string_view frame) override {
    const auto now = Clock::now();
    if (frame != kBuy) throw std::runtime_error("not what was sent");
    latencies.push_back(std::chrono::duration<double, std::micro>(now - sent_).count());
    if (--left_ > 0) {
      tick();
    } else {
      done = true;
    }
  }

  void ping_pong(int rounds) {
    left_ = rounds;
    tick();
  }

  std::vector<double> latencies;
  std::atomic<bool> done = false;

 private:
  void tick() {
    sent_ = Clock::now();
    socket_->send(std::string(kTick));
  }
  ServerSocket* socket_ = nullptr;
  Clock::time_point sent_;
  int left_ = 0;
};

class Trader final : public WebSocketHandler {
 public:
  void on_open() override { opened = true; }
  void on_frame(std::string_view frame, std::size_t) override {
    if (frame != kTick) throw std::runtime_error("not what was sent");
    ++received;
    (void)socket->send(kBuy);
  }
  void on_closed(const LinkError& error) override { throw std::runtime_error(error.error.text); }

  std::unique_ptr<WebSocket> socket;
  bool opened = false;
  int received = 0;
};

class Loopback {
 public:
  Loopback() {
    auto pattern = (std::filesystem::temp_directory_path() / "derivd-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    dir = pattern;
    const auto certificate = make_certificate(dir).value();
    server = listen(server_io, "127.0.0.1", 0, certificate, venue).value();
    thread = std::thread([this] { server_io.run(); });
    const auto url = Url::parse("wss://127.0.0.1:" + std::to_string(server->port())).value();
    trader.socket = connect(io, url, TlsSettings{certificate.ca_file}, {}, trader);
    while (!trader.opened) io.run_one();
  }
  ~Loopback() {
    trader.socket.reset();
    io.poll();
    boost::asio::post(server_io, [this] {
      server.reset();
      work.reset();
    });
    thread.join();
    std::filesystem::remove_all(dir);
  }
  void on_server(auto action) { boost::asio::post(server_io, std::move(action)); }

  std::string dir;
  boost::asio::io_context server_io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      server_io.get_executor()};
  Venue venue;
  std::unique_ptr<Server> server;
  std::thread thread;
  boost::asio::io_context io{1};
  Trader trader;
};

double percentile(std::vector<double>& sorted, double p) {
  return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(p * double(sorted.size() - 1))];
}

void tick_to_buy(benchmark::State& state) {
  constexpr int kRounds = 2000;
  Loopback loopback;
  for (auto _ : state) {
    loopback.venue.done = false;
    loopback.trader.received = 0;
    loopback.on_server([&] { loopback.venue.ping_pong(kRounds); });
    while (loopback.trader.received < kRounds) loopback.io.run_one();
    while (!loopback.venue.done) std::this_thread::yield();
  }
  auto& all = loopback.venue.latencies;
  std::sort(all.begin(), all.end());
  state.SetItemsProcessed(static_cast<std::int64_t>(all.size()));
  state.counters["p50_us"] = percentile(all, 0.50);
  state.counters["p90_us"] = percentile(all, 0.90);
  state.counters["p99_us"] = percentile(all, 0.99);
}
BENCHMARK(tick_to_buy)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace derivd::net
