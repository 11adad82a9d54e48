#include "derivctl/payout_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "common/json_walk.hpp"
#include "common/recorded_quotes.hpp"
#include "core/bounds.hpp"
#include "core/counted.hpp"
#include "derivctl/journal_notices.hpp"
#include "execution/order.hpp"
#include "market/kind.hpp"
#include "market/symbol.hpp"
#include "store/journal.hpp"

namespace derivd::ctl {
namespace {

using backtest::Payouts;
using backtest::Quotes;
using daemon::JsonPath;
using daemon::JsonScalar;
using daemon::JsonVisitor;
using daemon::load_recorded;
using daemon::newest_of;
using daemon::RecordedQuote;
using daemon::RecordedReader;

/// A table has a row for each contract type; a list of trades 600 bytes for each of
/// Quotes::kMaxQuotes.
constexpr std::size_t kMaxPayoutFile = std::size_t{1} << 30;
/// Blanks that may stand before the first byte that counts.
constexpr int kMaxBlanks = 1000;

/// {"DIGITODD": 1.95, …}. A ratio is taken as the text that it is: it never becomes a
/// floating-point number.
class TableReader final : public JsonVisitor {
 public:
  core::Result<void> begin(const JsonPath& path, bool is_object) override {
    if (path.size() == 0 && is_object) return {};
    return core::invalid(path.size() == 0 ? "it must be an object: {\"DIGITODD\": 1.95}"
                                          : "a list or an object is not a ratio");
  }
  core::Result<void> scalar(const JsonPath& path, const JsonScalar& value) override {
    if (path.size() == 0) return core::invalid("it must be an object: {\"DIGITODD\": 1.95}");
    if (value.kind == JsonScalar::Kind::kNull) return core::invalid("null is not a ratio");
    if (value.kind == JsonScalar::Kind::kTruth)
      return core::invalid("a truth value is not a ratio");
    const auto& key = path[0].key;
    const auto ratio = core::Decimal::parse(value.text);
    if (!ratio) return core::invalid(fmt::format("{}: {}", key, ratio.error().text));
    return table.set(key, *ratio);
  }
  Payouts table;
};

core::Result<Payouts> sealed(Quotes quotes) {
  if (quotes.empty()) {
    return core::invalid("no payout is recorded there, because nothing was bought");
  }
  quotes.sort();
  return Payouts(std::make_shared<const Quotes>(std::move(quotes)));
}

/// A row that was bought has a payout; a multiplier, a refused order or a lost answer has none.
core::Result<void> add_order(Quotes& quotes, const execution::Order& o) {
  if (!o.payout || !o.contract || !market::has_payout(o.spec.type)) return {};
  const auto time = o.signal_epoch.s != 0 ? o.signal_epoch : o.purchase_time;
  return quotes.add(o.spec, {time, o.buy_price, *o.payout});
}

/// The output of `derivctl trades --format json`: each row is taken as soon as it is whole, so that
/// a list of millions needs no document.
class ListReader final : public JsonVisitor {
 public:
  core::Result<void> begin(const JsonPath& path, bool is_object) override {
    if (path.size() == 0) return is_object ? no_list() : core::Result<void>{};
    if (path.size() > 1) return {};  // a member that is of no interest, or will be found missing
    if (!is_object) return no_list();
    for (auto& value : values_) value = {};
    return {};
  }
  core::Result<void> end(const JsonPath& path, bool is_object) override {
    if (path.size() != 1 || !is_object) return {};
    ++row_;
    if (auto done = take(); !done) {
      return core::invalid(
          fmt::format("row {}: {}; expected is the output of `derivctl trades --format json`", row_,
                      done.error().text));
    }
    return {};
  }
  core::Result<void> scalar(const JsonPath& path, const JsonScalar& value) override {
    if (path.size() < 2) return no_list();
    if (path.size() > 2 || !path[1].is_key) return {};
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
      if (path[1].key != kKeys[i]) continue;
      values_[i].kind = value.kind;
      values_[i].whole = value.whole;
      values_[i].text = value.text;
      values_[i].given = true;
    }
    return {};
  }
  std::size_t rows() const { return row_; }
  Quotes take_quotes() { return std::move(quotes_); }

 private:
  enum Key : std::uint8_t {
    kSpec,
    kSymbol,
    kType,
    kDuration,
    kPrediction,
    kBarrier,
    kStake,
    kPayout,
    kSignal,
    kPurchase
  };
  static constexpr std::array<std::string_view, 10> kKeys{
      "spec",    "symbol", "type",   "duration",     "prediction",
      "barrier", "stake",  "payout", "signal_epoch", "purchase_time"};
  struct Value {
    JsonScalar::Kind kind = JsonScalar::Kind::kNull;
    bool given = false;
    std::int64_t whole = 0;
    std::string text;
  };

  static core::Result<void> no_list() {
    return core::invalid("it holds something else than trades");
  }
  core::Result<std::string> text(Key key) const {
    if (values_[key].kind == JsonScalar::Kind::kText) return values_[key].text;
    return core::invalid(fmt::format("'{}' is missing or no text", kKeys[key]));
  }
  /// The text of `key` as what `parse` makes of it.
  template <class T, class F>
  core::Result<void> read(Key key, T& into, F parse) const {
    const auto given = text(key);
    if (!given) return given.error();
    auto parsed = parse(*given);
    if (!parsed) return core::invalid(fmt::format("{}: {}", kKeys[key], parsed.error().text));
    into = *parsed;
    return {};
  }

  core::Result<void> take() {
    if (!values_[kPayout].given) return core::invalid("'payout' is missing");
    if (values_[kPayout].kind == JsonScalar::Kind::kNull) return {};
    market::ContractSpec spec;
    if (auto done = read_spec(spec); !done) return done;
    if (!market::has_payout(spec.type)) return {};
    Quotes::Quote quote;
    // Written by hand they may have fewer decimals than their currency.
    std::uint8_t decimals = core::Money::kCents;
    for (const auto key : {kStake, kPayout}) {
      const auto given = text(key);
      const auto written = given ? core::Money::parse_as_written(*given) : given.error();
      if (written) decimals = std::max(decimals, written->exponent());
    }
    const auto money = [&](const std::string& t) { return core::Money::parse(t, decimals); };
    if (auto done = read(kStake, quote.stake, money); !done) return done;
    if (auto done = read(kPayout, quote.payout, money); !done) return done;
    for (const auto key : {kSignal, kPurchase}) {
      const auto& v = values_[key];
      const bool epoch =
          v.kind == JsonScalar::Kind::kWhole && core::is_date(core::VenueTime{v.whole});
      if (quote.time.s == 0 && epoch) quote.time = {v.whole};
    }
    if (quote.time.s <= 0) return core::invalid("neither signal_epoch nor purchase_time");
    return quotes_.add(spec, quote);
  }

  /// From `spec` where the row has one; the lists of earlier releases have its parts alone.
  core::Result<void> read_spec(market::ContractSpec& spec) const {
    if (values_[kSpec].given) return read_text(spec);
    const auto code = text(kSymbol);
    if (!code) return code.error();
    const auto* symbol = market::find_symbol(*code);
    if (symbol == nullptr) {
      return core::invalid(fmt::format("symbol: '{}' is not known", code->substr(0, 40)));
    }
    spec.symbol = market::SymbolCode(symbol->code);
    const auto name = text(kType);
    if (!name) return name.error();
    const auto type = market::contract_type_from(*name);
    if (!type) {
      return core::invalid(fmt::format("type: '{}' is no contract type", name->substr(0, 40)));
    }
    spec.type = *type;
    if (!market::has_payout(*type)) return {};
    const auto duration = [](const std::string& t) { return market::ContractDuration::parse(t); };
    if (auto done = read(kDuration, spec.duration, duration); !done) return done;
    const auto& prediction = values_[kPrediction];
    if (prediction.kind == JsonScalar::Kind::kWhole) {
      if (prediction.whole < 0 || prediction.whole > 9) {
        return core::invalid("prediction: no digit");
      }
      spec.set_digit(static_cast<int>(prediction.whole));
    }
    if (!market::has_form(*type, market::BarrierForm::kOffset)) return {};
    core::Price offset;
    const auto price = [&](const std::string& t) {
      return core::Price::parse(t, symbol->decimals);
    };
    if (auto done = read(kBarrier, offset, price); !done) return done;
    spec.set_offset(offset);
    return {};
  }

  /// A text can say what nobody sells; a quote of that is none.
  core::Result<void> read_text(market::ContractSpec& spec) const {
    const auto decode = [](const std::string& t) { return market::decode(t); };
    if (auto done = read(kSpec, spec, decode); !done) return done;
    if (!market::has_payout(spec.type)) return {};
    const auto* symbol = market::find_symbol(spec.symbol.view());
    if (symbol == nullptr) {
      return core::invalid(fmt::format("spec: symbol '{}' is not known", spec.symbol));
    }
    const auto problem = market::problem_of(spec, *symbol);
    if (problem) return core::invalid(fmt::format("spec: {}", problem->text));
    return {};
  }

  std::array<Value, kKeys.size()> values_;
  Quotes quotes_;
  std::size_t row_ = 0;
};

/// A table of ratios, or a file of recorded quotes, which its first key tells.
class ObjectReader final : public JsonVisitor {
 public:
  core::Result<void> begin(const JsonPath& path, bool is_object) override {
    return is_recorded_ ? recorded_.begin(path, is_object) : table_.begin(path, is_object);
  }
  core::Result<void> end(const JsonPath& path, bool is_object) override {
    return is_recorded_ ? recorded_.end(path, is_object) : core::Result<void>{};
  }
  core::Result<void> scalar(const JsonPath& path, const JsonScalar& value) override {
    const bool first = !table_.table.is_table() && path.size() == 1;
    is_recorded_ = is_recorded_ || (first && path[0].key == daemon::kQuotesKey);
    return is_recorded_ ? recorded_.scalar(path, value) : table_.scalar(path, value);
  }
  core::Result<Payouts> take() {
    if (is_recorded_) return newest();
    if (!table_.table.is_table()) return core::invalid("the table is empty");
    return std::move(table_.table);
  }

 private:
  core::Result<Payouts> newest() {
    const auto rows = recorded_.take();
    if (!rows) return rows.error();
    // A file that somebody names is of one account: the newest row says of which.
    const auto latest = std::ranges::max_element(*rows, {}, [](const RecordedQuote& r) {
      return std::pair(r.list == market::PriceList::kAccount, r.time);
    });
    auto found =
        newest_of(*rows, latest == rows->end() ? core::Money::kCents : latest->stake.exponent());
    if (found.quotes.empty()) return core::invalid("it holds no quote of an account");
    return Payouts(std::make_shared<const Quotes>(std::move(found.quotes)));
  }

  bool is_recorded_ = false;
  TableReader table_;
  RecordedReader recorded_;
};

core::Result<Payouts> table_of(daemon::ByteSource& bytes) {
  ObjectReader reader;
  if (const auto done = daemon::walk_json(bytes, kMaxPayoutFile, reader); !done)
    return done.error();
  return reader.take();
}

core::Result<Payouts> quotes_of_list(daemon::ByteSource& bytes) {
  ListReader reader;
  if (const auto done = daemon::walk_json(bytes, kMaxPayoutFile, reader); !done) {
    const auto& text = done.error().text;
    return text.starts_with("not JSON")
               ? core::invalid(
                     fmt::format("{}, after {}", text, core::counted(reader.rows(), "row")))
               : done.error();
  }
  return sealed(reader.take_quotes());
}

}  // namespace

core::Result<Payouts> read_payouts(daemon::ByteSource& bytes) {
  const auto is_blank = [](int byte) {
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
  };
  for (int i = 0; i < kMaxBlanks && is_blank(bytes.peek()); ++i) bytes.next();
  return bytes.peek() == '[' ? quotes_of_list(bytes) : table_of(bytes);
}

core::Result<Payouts> payouts_of_file(const std::string& path) {
  auto bytes = daemon::ByteSource::open(path);
  if (!bytes) return bytes.error();
  auto payouts = read_payouts(*bytes);
  if (payouts) return payouts;
  return core::Error{payouts.error().kind, fmt::format("{}: {}", path, payouts.error().text)};
}

namespace {

/// Those of the journal's purchases whose contract `but` has no quote of.
core::Result<void> add_journal(const std::string& file, const Quotes& but, Quotes& quotes) {
  const auto journal = store::Journal::open(file, store::Journal::Mode::kReadOnly);
  if (!journal) return journal.error();
  const auto orders = (*journal)->orders({});
  if (!orders) return orders.error();
  tell_notices(**journal);
  for (const auto& o : *orders) {
    if (but.has(o.spec)) continue;
    if (const auto r = add_order(quotes, o); !r) {
      return core::invalid(fmt::format("{}: order {}: {}", file, o.id.value, r.error().text));
    }
  }
  return {};
}

}  // namespace

core::Result<Payouts> payouts_of_journal(const std::string& file) {
  Quotes quotes;
  if (const auto done = add_journal(file, {}, quotes); !done) return done.error();
  auto payouts = sealed(std::move(quotes));
  return payouts ? payouts : core::invalid(fmt::format("{}: {}", file, payouts.error().text));
}

core::Result<RecordedPayouts> recorded_payouts(const std::string& directory,
                                               const std::string& journal, Payouts::Rest rest,
                                               std::uint8_t decimals) {
  RecordedPayouts out;
  auto rows = load_recorded(directory);
  if (!rows && (rows.error().kind != core::ErrorKind::kNotFound || journal.empty())) {
    return rows.error();
  }
  auto newest = newest_of(rows ? *rows : std::vector<RecordedQuote>{}, decimals);
  out.account = newest.account;
  out.currency = newest.currency;
  out.first = newest.first;
  out.last = newest.last;
  const auto recorded = newest.quotes;
  if (!journal.empty()) {
    const auto added = add_journal(journal, recorded, newest.quotes);
    if (!added && added.error().kind != core::ErrorKind::kNotFound) return added.error();
    if (added) out.journal = journal;
  }
  if (newest.quotes.empty()) {
    return core::Error{core::ErrorKind::kNotFound,
                       fmt::format("{}/{}: no quote of an account is recorded there; derivctl "
                                   "quotes record asks a running daemon for them",
                                   directory, daemon::kQuotesFile)};
  }
  newest.quotes.sort();
  out.payouts = Payouts(std::make_shared<const Quotes>(std::move(newest.quotes)), rest);
  return out;
}

}  // namespace derivd::ctl
