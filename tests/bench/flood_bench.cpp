// How many frames of ticks derivd's WebSocket takes in a second over TLS on loopback, received
// alone, and read by the decoder, too. The sender is a thread of its own with blocking OpenSSL and
// frames that were encoded before, so that it waits for the receiver and not the other way round:
// the two busy_ figures are the shares of the time in which each thread computed, and the one near
// 1 is what bounds the rate. The number behind a name is how many frames are written at once, as
// one record of TLS: one by one is a venue without load; under load, what is due goes out together.
// Both sides need a core of their own.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <ctime>
#include <filesystem>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "deriv/decoder.hpp"
#include "net/net.hpp"
#include "wire/stream.hpp"

namespace derivd {
namespace {

constexpr std::int64_t kFirstEpoch = 1'767'225'600;
/// Of different ticks; then they begin anew. A multiple of every number of frames in a record.
constexpr std::size_t kDistinct = 240;
constexpr std::size_t kTicks = kDistinct * 100;  // sent for one figure
/// What one record of TLS can take: 16 KiB hold 48 of these frames.
constexpr std::int64_t kMostInRecord = 48;

struct Tick {
  std::string text;
  std::int64_t epoch;
  core::Decimal quote;
};

Tick tick(std::size_t i) {
  const auto epoch = kFirstEpoch + static_cast<std::int64_t>(i);
  const auto quote = fmt::format("12{:02}.{:02}", i * 7 % 100, i * 31 % 100);
  return {
      fmt::format(
          R"({{"echo_req":{{"req_id":7,"subscribe":1,"ticks":"1HZ100V"}},"msg_type":"tick",)"
          R"("req_id":7,"subscription":{{"id":"d0d2c2b5-7f5b-4a4e-9f6f-2f0c4f3f4b1a"}},"tick":{{)"
          R"("ask":1234.66,"bid":1234.46,"epoch":{},"id":"d0d2c2b5-7f5b-4a4e-9f6f-2f0c4f3f4b1a",)"
          R"("pip_size":2,"quote":{},"symbol":"1HZ100V"}}}})",
          epoch, quote),
      epoch, core::Decimal::parse(quote).value()};
}

std::vector<Tick> ticks() {
  std::vector<Tick> out;
  for (std::size_t i = 0; i < kDistinct; ++i) out.push_back(tick(i));
  return out;
}

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

class Sender final {
 public:
  Sender(const net::ServerCertificate& certificate, const std::vector<Tick>& all,
         std::size_t in_record)
      : context_(wire::server_context(certificate.cert_file, certificate.key_file)),
        listener_(wire::listen_on_loopback()) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i % in_record == 0) records_.emplace_back();
      records_.back() += wire::encoded(wire::Frame::kText, all[i].text, false);
    }
    thread_ = std::thread([this] { serve(); });
  }
  ~Sender() {
    stops_ = true;
    wanted_.release();
    thread_.join();
  }
  std::uint16_t port() const { return wire::port_of(listener_); }
  void flood() { wanted_.release(); }
  /// What the thread has computed until the end of the last flood; waits for that.
  double cpu() {
    done_.acquire();
    return cpu_;
  }

 private:
  void serve() {
    wire::Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    wire::Stream stream(*context_, std::move(socket), wire::Stream::Side::kServer);
    stream.write(wire::answer_to_upgrade(stream.read_head()));
    for (wanted_.acquire(); !stops_; wanted_.acquire()) {
      for (std::size_t sent = 0; sent < kTicks; sent += kDistinct) {
        for (const auto& record : records_) stream.write(record);
      }
      cpu_ = cpu_seconds();
      done_.release();
    }
  }

  wire::TlsContext context_;
  wire::Descriptor listener_;
  std::vector<std::string> records_;
  bool stops_ = false;  // written before wanted_ is released
  double cpu_ = 0;      // written before done_ is released
  std::binary_semaphore wanted_{0};
  std::binary_semaphore done_{0};
  std::thread thread_;
};

/// Each frame is what was sent; `decodes`: read by the decoder and compared by value, else as text.
class Receiver final : public net::WebSocketHandler {
 public:
  Receiver(const std::vector<Tick>& all, bool decodes) : all_(all), decodes_(decodes) {}
  void on_open() override { opened = true; }
  void on_frame(std::string_view text, std::size_t capacity) override {
    const auto& wanted = all_[received++ % kDistinct];
    if (decodes_ ? !reads(text, capacity, wanted) : text != wanted.text) {
      throw std::runtime_error("not what was sent");
    }
  }
  void on_closed(const net::LinkError& error) override {
    throw std::runtime_error(error.error.text);
  }

  bool opened = false;
  std::size_t received = 0;

 private:
  bool reads(std::string_view text, std::size_t capacity, const Tick& wanted) {
    if (!decoder_.decode(text, capacity, frame_)) return false;
    const auto* payload = std::get_if<deriv::TickPayload>(&frame_.payload);
    return payload != nullptr && payload->tick.epoch == core::VenueTime{wanted.epoch} &&
           payload->tick.quote == wanted.quote;
  }

  const std::vector<Tick>& all_;
  bool decodes_;
  deriv::Decoder decoder_{deriv::kOptionsNames};
  deriv::Frame frame_;
};

class Directory final {
 public:
  Directory() {
    auto pattern = (std::filesystem::temp_directory_path() / "derivd-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path = pattern;
  }
  ~Directory() { std::filesystem::remove_all(path); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string path;
};

void flood(benchmark::State& state, bool decodes) {
  const Directory directory;
  const auto certificate = net::make_certificate(directory.path).value();
  const auto all = ticks();
  boost::asio::io_context io{1};
  Receiver receiver(all, decodes);
  std::unique_ptr<net::WebSocket> socket;  // outlives the sender, whose end it need not hear
  Sender sender(certificate, all, static_cast<std::size_t>(state.range(0)));
  const auto url = net::Url::parse(fmt::format("wss://127.0.0.1:{}/", sender.port())).value();
  socket = net::connect(io, url, net::TlsSettings{certificate.ca_file}, {}, receiver);
  while (!receiver.opened) io.run_one();
  double sent = 0;  // with the handshake, which is a thousandth of it
  const auto computed_before = cpu_seconds();
  const auto began = std::chrono::steady_clock::now();
  for (auto _ : state) {
    receiver.received = 0;
    sender.flood();
    while (receiver.received < kTicks) io.run_one();
    sent = sender.cpu();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kTicks));
  const auto computed = cpu_seconds() - computed_before;
  state.counters["busy_receiver"] = computed / took.count();
  state.counters["busy_sender"] = sent / took.count();
  // What the clock would show if nobody else wanted the receiver's core.
  state.counters["frames_per_cpu_second"] = static_cast<double>(state.items_processed()) / computed;
}

void tick_flood(benchmark::State& state) { flood(state, false); }
void tick_flood_decoded(benchmark::State& state) { flood(state, true); }
void frames_in_record(benchmark::internal::Benchmark* benchmark) {
  for (const std::int64_t frames :
       {std::int64_t{1}, std::int64_t{4}, std::int64_t{16}, kMostInRecord})
    benchmark->Arg(frames);
  benchmark->Unit(benchmark::kMillisecond)->UseRealTime();
}
BENCHMARK(tick_flood)->Apply(frames_in_record);
BENCHMARK(tick_flood_decoded)->Apply(frames_in_record);

}  // namespace
}  // namespace derivd
