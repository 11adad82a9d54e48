#include "common/recorded_quotes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/answer.hpp"
#include "core/bounds.hpp"
#include "core/printable.hpp"
#include "market/kind.hpp"
#include "market/symbol.hpp"
#include "store/archive_files.hpp"

namespace derivd::daemon {
namespace {

using core::Result;

constexpr std::size_t kMaxAccount = 32;
constexpr std::size_t kMaxCurrency = 8;
constexpr std::size_t kMaxSpot = 24;
/// No currency of the venue has more.
constexpr std::size_t kMostMoneyDecimals = 12;
/// Another derivctl that records holds it for the time of one write.
constexpr auto kLockWait = std::chrono::seconds(5);

/// An amount with the decimals that it is written with.
Result<core::Money> recorded_amount(std::string_view name, const std::string& text) {
  const auto point = text.find('.');
  const auto decimals = point == std::string::npos ? 0 : text.size() - point - 1;
  if (decimals > kMostMoneyDecimals || text.find_first_not_of(".0123456789") != std::string::npos) {
    return core::invalid(fmt::format("{} is no amount", name));
  }
  const auto money = core::Money::parse(text, static_cast<std::uint8_t>(decimals));
  if (!money) return core::invalid(fmt::format("{}: {}", name, money.error().text));
  if (money->units() <= 0) return core::invalid(fmt::format("{} is not above 0", name));
  return *money;
}

Result<std::string> quote_word_of(std::string_view name, const std::string& text,
                                  std::size_t most) {
  if (text.size() > most || !core::is_printable(text)) {
    return core::invalid(fmt::format("{} is no word", name));
  }
  return text;
}

/// The symbol's own decimals are not known here where it is no index of ours: those of a barrier
/// stand for them.
market::SymbolInfo symbol_for(const market::ContractSpec& spec) {
  if (const auto* known = market::find_symbol(spec.symbol)) return *known;
  auto out = market::unknown_symbol(spec.symbol.view());
  for (const auto& barrier : spec.barriers) {
    using Form = market::Barrier::Form;
    const bool level = barrier.form == Form::kOffset || barrier.form == Form::kAbsolute;
    if (level) out.decimals = barrier.value.decimals();
  }
  return out;
}

Result<RecordedQuote> checked_quote(const RecordedReader::Row& row) {
  RecordedQuote out;
  const auto spec = market::decode(row.spec);
  if (!spec) return core::invalid(fmt::format("spec: {}", spec.error().text));
  if (!market::has_payout(spec->type)) return core::invalid("spec: its type has no payout");
  if (auto problem = market::problem_of(*spec, symbol_for(*spec))) {
    return core::invalid(fmt::format("spec: {}", problem->text));
  }
  out.spec = *spec;
  const auto stake = recorded_amount("stake", row.stake);
  if (!stake) return stake.error();
  const auto payout = recorded_amount("payout", row.payout);
  if (!payout) return payout.error();
  if (stake->exponent() != payout->exponent()) {
    return core::invalid("stake and payout have not the same number of decimals");
  }
  // The venue sells nothing that pays back less than it costs.
  if (*payout < *stake || payout->units() / stake->units() > venue::kMaxRatio) {
    return core::invalid("payout is out of range");
  }
  out.stake = *stake;
  out.payout = *payout;
  if (!row.epoch || *row.epoch <= 0 || !core::is_date(core::VenueTime{*row.epoch})) {
    return core::invalid("epoch is no time");
  }
  out.time = {*row.epoch};
  const auto list = market::price_list_from(row.source);
  if (!list) return core::invalid("source is neither account nor public");
  out.list = *list;
  const auto put = [](Result<std::string> word, std::string& into) -> Result<void> {
    if (!word) return word.error();
    into = std::move(*word);
    return {};
  };
  if (auto r = put(quote_word_of("account", row.account, kMaxAccount), out.account); !r)
    return r.error();
  if (auto r = put(quote_word_of("currency", row.currency, kMaxCurrency), out.currency); !r) {
    return r.error();
  }
  if (auto r = put(quote_word_of("spot", row.spot, kMaxSpot), out.spot); !r) return r.error();
  if (out.account.empty()) return core::invalid("account is missing");
  return out;
}

Result<void> no_file() { return core::invalid("it holds something else than quotes"); }

core::Error named(const std::string& directory, const core::Error& error) {
  return {error.kind, fmt::format("{}/{}: {}", directory, kQuotesFile, error.text)};
}

Result<std::vector<RecordedQuote>> read_in(const store::Folder& folder,
                                           const std::string& directory) {
  const auto text = folder.read(std::string(kQuotesFile), kMaxQuotesFile);
  if (!text) return text.error();  // it names the file
  auto bytes = ByteSource::of(*text);
  auto rows = read_recorded(bytes);
  if (!rows) return named(directory, rows.error());
  return rows;
}

}  // namespace

Result<void> RecordedReader::begin(const JsonPath& path, bool is_object) {
  const auto depth = path.size();
  const bool fits = (depth == 0 && is_object) ||
                    (depth == 1 && !is_object && path[0].key == "quotes" && versioned_) ||
                    (depth == 2 && is_object);
  if (!fits) return no_file();
  if (depth == 2) row_ = {};
  return {};
}

Result<void> RecordedReader::end(const JsonPath& path, bool /*is_object*/) {
  if (path.size() != 2) return {};
  if (rows_.size() >= kMaxRecorded) {
    return core::invalid(fmt::format("more than {} quotes", kMaxRecorded));
  }
  auto quote = checked_quote(row_);
  if (!quote) {
    return core::invalid(fmt::format("quote {}: {}", rows_.size() + 1, quote.error().text));
  }
  rows_.push_back(std::move(*quote));
  return {};
}

Result<void> RecordedReader::scalar(const JsonPath& path, const JsonScalar& value) {
  if (path.size() == 1 && path[0].key == kQuotesKey) return version(value);
  if (path.size() != 3 || !path[2].is_key) return no_file();
  if (const auto done = member(path[2].key, value); !done) {
    return core::invalid(fmt::format("quote {}: {}", rows_.size() + 1, done.error().text));
  }
  return {};
}

Result<void> RecordedReader::version(const JsonScalar& value) {
  if (value.kind != JsonScalar::Kind::kWhole || value.whole != kQuotesVersion || versioned_) {
    return core::invalid(
        fmt::format("its version is not {}; it may be of a later release", kQuotesVersion));
  }
  versioned_ = true;
  return {};
}

Result<void> RecordedReader::member(const std::string& key, const JsonScalar& value) {
  if (key == "epoch") {
    if (value.kind != JsonScalar::Kind::kWhole) return core::invalid("epoch is no number");
    row_.epoch = value.whole;
    return {};
  }
  const std::array<std::pair<std::string_view, std::string*>, 7> texts{
      {{"spec", &row_.spec},
       {"stake", &row_.stake},
       {"payout", &row_.payout},
       {"spot", &row_.spot},
       {"currency", &row_.currency},
       {"source", &row_.source},
       {"account", &row_.account}}};
  for (const auto& [name, into] : texts) {
    if (key != name) continue;
    if (value.kind != JsonScalar::Kind::kText) {
      return core::invalid(fmt::format("{} is no text", name));
    }
    *into = std::string(value.text);
  }
  return {};  // a member of a later release
}

Result<std::vector<RecordedQuote>> RecordedReader::take() {
  if (!versioned_) return core::invalid("it is no file of recorded quotes");
  return std::move(rows_);
}

Result<std::vector<RecordedQuote>> read_recorded(ByteSource& bytes) {
  RecordedReader reader;
  if (const auto done = walk_json(bytes, kMaxQuotesFile, reader); !done) {
    return done.error();
  }
  return reader.take();
}

std::string write_recorded(const std::vector<RecordedQuote>& rows) {
  std::string out = fmt::format("{{\"{}\":{},\"quotes\":[", kQuotesKey, kQuotesVersion);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& r = rows[i];
    nlohmann::ordered_json row{
        {"spec", market::encode(r.spec)}, {"stake", r.stake.to_string()},
        {"payout", r.payout.to_string()}, {"spot", r.spot},
        {"currency", r.currency},         {"source", market::name_of(r.list)},
        {"account", r.account},           {"epoch", r.time.s}};
    out += i == 0 ? "\n" : ",\n";
    out += row.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  return out + "\n]}\n";
}

Result<RecordedQuote> recorded_of(const nlohmann::ordered_json& price) {
  const auto text = [&](std::string_view key) {
    const auto& value = at(price, key);
    return value.is_string() ? value.get<std::string>() : std::string{};
  };
  RecordedReader::Row row{text("spec"),     text("stake"),  text("payout"),  text("spot"),
                          text("currency"), text("source"), text("account"), {}};
  row.epoch = whole_of(at(price, "epoch"));
  return checked_quote(row);
}

Result<std::vector<RecordedQuote>> load_recorded(const std::string& directory) {
  const auto folder = store::Folder::open(directory, store::Folder::Use::kRead);
  if (!folder) return folder.error();
  return read_in(*folder, directory);
}

Result<void> keep_recorded(const std::string& directory, std::vector<RecordedQuote> rows) {
  const auto folder = store::Folder::open(directory, store::Folder::Use::kWrite);
  if (!folder) return folder.error();
  const auto lock = folder->lock(std::string(kQuotesFile) + ".lock", kLockWait);
  if (!lock) return lock.error();
  auto all = read_in(*folder, directory);
  if (!all && all.error().kind != core::ErrorKind::kNotFound) {
    return core::Error{all.error().kind, all.error().text + "; move it away to begin a new one"};
  }
  auto kept = all ? std::move(*all) : std::vector<RecordedQuote>{};
  kept.insert(kept.end(), std::make_move_iterator(rows.begin()),
              std::make_move_iterator(rows.end()));
  if (kept.size() > kMaxRecorded) {
    kept.erase(kept.begin(), kept.end() - static_cast<std::ptrdiff_t>(kMaxRecorded));
  }
  return folder->replace(std::string(kQuotesFile), write_recorded(kept));
}

NewestQuotes newest_of(const std::vector<RecordedQuote>& rows, std::uint8_t exponent) {
  NewestQuotes out;
  std::vector<const RecordedQuote*> ours;
  for (const auto& r : rows) {
    if (r.list == market::PriceList::kAccount && r.stake.exponent() == exponent) ours.push_back(&r);
  }
  if (ours.empty()) return out;
  std::ranges::stable_sort(ours, {}, [](const auto* r) { return r->time; });
  out.account = ours.back()->account;
  out.currency = ours.back()->currency;
  std::vector<const RecordedQuote*> newest;
  // The latest first: an earlier one of the same contract and stake says nothing any more.
  for (auto i = ours.rbegin(); i != ours.rend(); ++i) {
    const auto& r = **i;
    const bool other = r.account != out.account || r.currency != out.currency;
    const bool known = std::ranges::any_of(
        newest, [&](const auto* n) { return n->spec == r.spec && n->stake == r.stake; });
    if (!other && !known) newest.push_back(&r);
  }
  out.first = newest.back()->time;
  out.last = newest.front()->time;
  for (auto i = newest.rbegin(); i != newest.rend(); ++i) {
    // Before every signal, so that the newest count for all of them. A row was checked as this is;
    // kinds of contracts beyond its bound have none.
    static_cast<void>(out.quotes.add((*i)->spec, {{}, (*i)->stake, (*i)->payout}));
  }
  out.quotes.sort();
  return out;
}

}  // namespace derivd::daemon
