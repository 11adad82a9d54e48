#include "derivctl/payout_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <utility>

#include "execution/order.hpp"
#include "market/symbol.hpp"
#include "store/journal.hpp"

namespace derivd::ctl {
namespace {

using backtest::Payouts;
using backtest::Quotes;
using nlohmann::json;

/// A table of payouts has at most a row for each contract type.
constexpr std::size_t kMaxPayoutFile = 1 << 16;

/// {"DIGITODD": 1.95, …}. Read as events, so that 1.95 stays the text that it is and never becomes
/// a floating-point number.
class PayoutReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  backtest::Payouts table;
  std::string problem;

  bool start_object(std::size_t) override {
    return depth_++ == 0 || stop("an object within the object");
  }
  bool end_object() override { return true; }
  bool key(string_t& name) override {
    key_ = name;
    return true;
  }
  bool number_float(number_float_t, const string_t& text) override { return row(text); }
  bool number_integer(number_integer_t value) override { return row(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return row(std::to_string(value)); }
  bool string(string_t& text) override { return row(text); }
  bool null() override { return stop("null is not a ratio"); }
  bool boolean(bool) override { return stop("a truth value is not a ratio"); }
  bool binary(binary_t&) override { return stop("bytes are not a ratio"); }
  bool start_array(std::size_t) override { return stop("a list is not a ratio"); }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return stop(fmt::format("not JSON at byte {}", position));
  }

 private:
  bool row(const std::string& text) {
    if (depth_ == 0) return stop("it must be an object: {\"DIGITODD\": 1.95}");
    const auto ratio = core::Decimal::parse(text);
    if (!ratio) return stop(fmt::format("{}: {}", key_, ratio.error().text));
    const auto done = table.set(key_, *ratio);
    return done || stop(done.error().text);
  }
  bool stop(std::string text) {
    if (problem.empty()) problem = std::move(text);
    return false;
  }

  int depth_ = 0;
  std::string key_;
};

core::Result<Payouts> table_of(const std::string& path, std::istream& in) {
  std::string text(kMaxPayoutFile, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.eof()) return core::invalid(path + ": too large for a table of payouts");
  text.resize(static_cast<std::size_t>(in.gcount()));
  PayoutReader reader;
  const bool read = json::sax_parse(text, &reader);
  if (read && !reader.table.is_table()) return core::invalid(path + ": the table is empty");
  if (!read) return core::invalid(fmt::format("{}: {}", path, reader.problem));
  return reader.table;
}

core::Result<Payouts> sealed(Quotes quotes, const std::string& place) {
  if (quotes.empty()) {
    return core::invalid(place + ": no payout is recorded there, because nothing was bought");
  }
  quotes.sort();
  return Payouts(std::make_shared<const Quotes>(std::move(quotes)));
}

/// A row that was bought has a payout; a multiplier, a refused order or a lost answer has none.
core::Result<void> add_order(Quotes& quotes, const execution::Order& o) {
  if (!o.payout || !o.contract || market::is_multiplier(o.spec.type)) return {};
  const auto time = o.signal_epoch.s != 0 ? o.signal_epoch : o.purchase_time;
  return quotes.add(o.spec, {time, o.buy_price, *o.payout});
}

core::Result<Payouts> quotes_of_journal(const std::string& file) {
  const auto journal = store::Journal::open(file, store::Journal::Mode::kReadOnly);
  if (!journal) return journal.error();
  const auto orders = (*journal)->orders({});
  if (!orders) return orders.error();
  Quotes quotes;
  for (const auto& o : *orders) {
    if (const auto r = add_order(quotes, o); !r) {
      return core::invalid(fmt::format("{}: order {}: {}", file, o.id.value, r.error().text));
    }
  }
  return sealed(std::move(quotes), file);
}

/// One row of `derivctl trades --format json`; throws as nlohmann does, and its own words.
const std::string& text_at(const json& row, const char* key) {
  const auto it = row.find(key);
  if (it == row.end() || !it->is_string()) {
    throw std::runtime_error(fmt::format("'{}' is missing or no text", key));
  }
  return it->get_ref<const std::string&>();
}

template <class T>
T checked(core::Result<T> result, const char* key) {
  if (!result) throw std::runtime_error(fmt::format("{}: {}", key, result.error().text));
  return *result;
}

market::ContractSpec spec_of(const json& row) {
  market::ContractSpec spec;
  const auto* symbol = market::find_symbol(text_at(row, "symbol"));
  if (symbol == nullptr) {
    throw std::runtime_error(
        fmt::format("symbol: '{}' is not known", text_at(row, "symbol").substr(0, 40)));
  }
  spec.symbol = market::SymbolCode(symbol->code);
  const auto type = market::contract_type_from(text_at(row, "type"));
  if (!type) {
    throw std::runtime_error(
        fmt::format("type: '{}' is no contract type", text_at(row, "type").substr(0, 40)));
  }
  spec.type = *type;
  if (market::is_multiplier(*type)) return spec;
  spec.duration = checked(market::ContractDuration::parse(text_at(row, "duration")), "duration");
  if (row.contains("prediction") && row["prediction"].is_number_integer()) {
    spec.prediction = row["prediction"].get<std::int8_t>();
  }
  if (market::takes_barrier(*type)) {
    spec.barrier =
        checked(core::Price::parse(text_at(row, "barrier"), symbol->decimals), "barrier");
  }
  return spec;
}

void add_row(Quotes& quotes, const json& row) {
  if (!row.is_object()) throw std::runtime_error("no object");
  if (!row.contains("payout")) throw std::runtime_error("'payout' is missing");
  if (row["payout"].is_null()) return;
  const auto spec = spec_of(row);
  if (market::is_multiplier(spec.type)) return;
  Quotes::Quote quote;
  quote.stake = checked(core::Money::parse(text_at(row, "stake")), "stake");
  quote.payout = checked(core::Money::parse(text_at(row, "payout")), "payout");
  for (const auto* key : {"signal_epoch", "purchase_time"}) {
    if (quote.time.s != 0 || !row.contains(key) || !row[key].is_number_integer()) continue;
    quote.time = {row[key].get<std::int64_t>()};
  }
  if (quote.time.s <= 0) throw std::runtime_error("neither signal_epoch nor purchase_time");
  if (const auto r = quotes.add(spec, quote); !r) throw std::runtime_error(r.error().text);
}

/// Each row is taken as soon as it is whole and thrown away: a list of millions needs no document.
core::Result<Payouts> quotes_of_list(const std::string& path, std::istream& in) {
  Quotes quotes;
  std::size_t row = 0;
  const json::parser_callback_t take = [&](int depth, json::parse_event_t event, json& value) {
    if (event != json::parse_event_t::object_end || depth != 1) return true;
    ++row;
    add_row(quotes, value);
    return false;
  };
  try {
    const auto rest = json::parse(in, take);
    if (!rest.empty()) throw std::runtime_error("it holds something else than trades");
  } catch (const json::parse_error& e) {
    return core::invalid(fmt::format("{}: not JSON at byte {}, after {} rows", path, e.byte, row));
  } catch (const std::exception& e) {
    return core::invalid(
        fmt::format("{}: row {}: {}; expected is the output of `derivctl trades "
                    "--format json`",
                    path, row, std::string_view(e.what()).substr(0, 200)));
  }
  return sealed(std::move(quotes), path);
}

core::Result<Payouts> payouts_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return core::Error{core::ErrorKind::kNotFound, path + ": cannot be read"};
  if ((in >> std::ws).peek() == '[') return quotes_of_list(path, in);
  return table_of(path, in);
}

}  // namespace

core::Result<Payouts> payouts_from(const Context& context, const std::string& text) {
  constexpr std::string_view kJournal = "journal:";
  if (text.empty()) return Payouts{};
  if (text.starts_with(kJournal)) {
    const auto file = text.substr(kJournal.size());
    return quotes_of_journal(file.empty() ? context.journal_file() : file);
  }
  return text.find('=') == std::string::npos ? payouts_of_file(text) : Payouts::parse(text);
}

}  // namespace derivd::ctl
