// What it costs to write an intent down before its purchase is sent, and to find out after a lost
// link what became of purchases without an answer.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "execution/ledger.hpp"
#include "execution/reconcile.hpp"
#include "store/intent_log.hpp"
#include "store/row_code.hpp"

namespace derivd::bench {
namespace {

constexpr std::int64_t kSignal = 1'782'086'400;

execution::Order intent(std::int64_t id) {
  execution::Order o;
  o.id = {id};
  o.strategy = "parity";
  o.spec.type = market::ContractType::kDigitOdd;
  o.spec.symbol = "R_100";
  o.spec.duration = {1, market::ContractDuration::Unit::kTicks};
  o.stake = core::Money::minor(100);
  o.intended_wall = {kSignal * 1'000'000 + id};
  o.signal_epoch = {kSignal};
  return o;
}

/// In memory where there is such a place: a disk's own time is another measurement.
class LogDirectory {
 public:
  LogDirectory() {
    const bool asked = std::getenv("TMPDIR") != nullptr;
    const std::filesystem::path memory = "/dev/shm";
    const bool is_memory = !asked && ::access(memory.c_str(), W_OK) == 0;
    auto pattern =
        ((is_memory ? memory : std::filesystem::temp_directory_path()) / "derivd-bench-XXXXXX")
            .string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~LogDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  LogDirectory(const LogDirectory&) = delete;
  LogDirectory& operator=(const LogDirectory&) = delete;
  std::string log() const { return path_ / "log"; }

 private:
  std::filesystem::path path_;
};

std::unique_ptr<store::IntentLog> open_log(const std::string& path) {
  const store::LogIdentity ours{0x1122334455667788, 3};
  if (!store::create_intent_log(path, ours, 1, store::kLogRegionBytes)) std::abort();
  auto file = store::open_log_file(path, store::LogAccess::kWrite).value();
  const auto reader = store::LogReader::open(*file).value();
  return store::IntentLog::go_on(std::move(file), reader, ours, 1, execution::Durability::kProcess)
      .value();
}

/// The row and its write, without a sync; SQLite gets it from another thread.
void append_intent(benchmark::State& state) {
  const LogDirectory directory;
  const auto log = open_log(directory.log());
  execution::OrderRecord record{intent(0)};
  for (auto _ : state) {
    ++record.order.id.value;
    store::put_record(log->begin(), record);
    if (!log->append(record.order.intended_wall.us)) std::abort();
    log->free(log->appended());
  }
}
BENCHMARK(append_intent);

execution::HistoryRow row(std::int64_t contract, std::int64_t time, std::int64_t cents,
                          bool is_open) {
  execution::HistoryRow r;
  r.contract = {contract};
  r.type = "DIGITODD";
  r.symbol = "R_100";
  r.buy_price = core::Money::minor(cents);
  r.purchase_time = {time};
  r.open = is_open;
  if (!is_open) {
    r.sell_price = core::Money::minor(0);
    r.sell_time = core::VenueTime{time + 3};
  }
  r.shortcode = fmt::format("DIGITODD_R_100_1.95_{}_1T", time);
  return r;
}

/// Four purchases without an answer: two of them are open, one is sold, one was never bought. The
/// report has twenty open contracts and two hundred that were sold.
void reconcile(benchmark::State& state) {
  execution::Ledger ledger;
  std::vector<execution::Pending> pending;
  execution::VenueReport report;
  report.as_of = {kSignal + 3'600};
  report.since = {kSignal - 3'600};
  for (std::int64_t i = 1; i <= 4; ++i) {
    auto order = intent(ledger.reserve().value);
    order.stake = core::Money::minor(100 + i);
    ledger.intend(order);
    ledger.unknown(order.id, "timeout");
    pending.push_back({ledger.find(order.id), core::VenueTime{kSignal + 60}});
    if (i <= 2) report.portfolio.push_back(row(1'000 + i, kSignal + 1, 100 + i, true));
    if (i == 3) report.profit_table.push_back(row(1'000 + i, kSignal + 1, 100 + i, false));
  }
  for (std::int64_t i = 0; i < 18; ++i) {
    report.portfolio.push_back(row(2'000 + i, kSignal + i, 500 + i, true));
  }
  for (std::int64_t i = 0; i < 199; ++i) {
    report.profit_table.push_back(row(3'000 + i, kSignal - 1'000 + 10 * i, 500 + i, false));
  }
  for (auto _ : state) {
    const auto found = execution::reconcile(pending, ledger, report);
    if (found.found[0].finding != execution::Finding::kMatched ||
        found.found[2].finding != execution::Finding::kMatched ||
        found.found[3].finding != execution::Finding::kAbsent || found.foreign.size() != 18) {
      std::abort();
    }
  }
}
BENCHMARK(reconcile);

}  // namespace
}  // namespace derivd::bench
