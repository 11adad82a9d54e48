#include "market/symbols.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <map>
#include <utility>

#include "core/nearest.hpp"
#include "market/kind.hpp"

namespace derivd::market {
namespace {

/// What the snapshot knows of types, by the head of a code (contracts.md section 1.3, as of
/// September 2026). Whoever is not in here may have any of them.
struct KnownTypes {
  std::string_view head;
  std::vector<std::string_view> types;
};
const std::vector<KnownTypes>& known_types() {
  static const std::vector<KnownTypes> rows{
      {"BOOM", {"ACCU", "MULTUP", "MULTDOWN"}},
      {"CRASH", {"ACCU", "MULTUP", "MULTDOWN"}},
      {"stpRNG", {"CALL", "PUT", "CALLE", "PUTE", "MULTUP", "MULTDOWN"}},
      {"RB", {"MULTUP", "MULTDOWN"}},
  };
  return rows;
}

std::shared_ptr<const Offerings> snapshot_offerings(std::string_view code) {
  for (const auto& row : known_types()) {
    if (!code.starts_with(row.head)) continue;
    Offerings out;
    for (const auto type : row.types) out.offers.emplace_back().type = type;
    return std::make_shared<const Offerings>(std::move(out));
  }
  return nullptr;
}

/// Letters and digits alone, in small letters: nobody types blanks and brackets alike.
std::string bare(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
  }
  if (out.ends_with("index")) out.resize(out.size() - 5);
  return out;
}

/// Where the venue has said what it offers, the offerings judge: what the snapshot knew of digits
/// and multipliers must be in nobody's way any more.
void take(const Offerings& offerings, Symbol& symbol) {
  for (const auto& offer : offerings.offers) {
    const auto type = contract_type_from(offer.type);
    if (!type) continue;
    if (kind_of(*type).needs.quotes_digits) symbol.has_digits = true;
    if (kind_of(*type).needs.multiplier) symbol.multipliers = {};
  }
}

}  // namespace

struct Symbols::Table {
  struct Row {
    SymbolInfo info;
    std::optional<ListedSymbol> listed;
    std::shared_ptr<const Offerings> offerings;
    std::shared_ptr<const TradingHours> hours;
  };
  std::map<SymbolCode, Row> rows;  // in the order in which people read them
  core::VenueTime asked;
  std::string venue;

  Table() = default;
  Table(const Table& other) : rows(other.rows), asked(other.asked), venue(other.venue) {
    for (auto& [code, row] : rows) places_.emplace(code, &row);
  }
  Table& operator=(const Table&) = delete;

  /// False: it was there already.
  std::pair<Row*, bool> add(const SymbolCode& code) {
    const auto [at, fresh] = rows.try_emplace(code);
    places_.emplace(code, &at->second);
    return {&at->second, fresh};
  }
  Row* row(std::string_view code) {
    const auto at = places_.find(code);
    return at == places_.end() ? nullptr : at->second;
  }
  const Row* row(std::string_view code) const { return const_cast<Table*>(this)->row(code); }

 private:
  /// By their texts, whatever holds them.
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Same : std::equal_to<std::string_view> {
    using is_transparent = void;
  };
  boost::unordered_flat_map<SymbolCode, Row*, Hash, Same> places_;  // of rows: asked at purchases
};

Symbols::Symbols() {
  static const std::shared_ptr<const Table> snapshot = [] {
    auto table = std::make_shared<Table>();
    for (const auto& info : known_symbols()) {
      *table->add(info.code).first = {info, {}, snapshot_offerings(info.code), nullptr};
    }
    return table;
  }();
  table_ = snapshot;
}

Symbols Symbols::with_list(std::span<const ListedSymbol> list, core::VenueTime asked,
                           std::string_view venue) const {
  if (list.empty()) return *this;
  auto table = std::make_shared<Table>(*table_);
  table->asked = asked;
  table->venue = venue;
  for (auto& [code, row] : table->rows) row.listed.reset();
  for (const auto& one : list.subspan(0, std::min(list.size(), kMaxListed))) {
    const auto [at, fresh] = table->add(one.symbol.code);
    auto& row = *at;
    row.listed = one;
    if (fresh) row.offerings = snapshot_offerings(one.symbol.code);
    // What the list does not say stays as it was known.
    const auto before = row.info;
    static_cast<Symbol&>(row.info) = one.symbol;
    row.info.interval_s = before.interval_s;
    row.info.has_digits = fresh || before.has_digits;
    row.info.multipliers = before.multipliers;
    if (row.info.display_name.empty()) row.info.display_name = before.display_name;
  }
  Symbols out;
  out.table_ = std::move(table);
  return out;
}

Symbols Symbols::with_offerings(std::string_view code, Offerings offerings) const {
  auto table = std::make_shared<Table>(*table_);
  auto* row = table->row(code);
  if (row == nullptr) return *this;
  take(offerings, row->info);
  row->offerings = std::make_shared<const Offerings>(std::move(offerings));
  Symbols out;
  out.table_ = std::move(table);
  return out;
}

Symbols Symbols::with_hours(std::string_view code, TradingHours hours) const {
  auto table = std::make_shared<Table>(*table_);
  auto* row = table->row(code);
  if (row == nullptr) return *this;
  row->hours = std::make_shared<const TradingHours>(std::move(hours));
  Symbols out;
  out.table_ = std::move(table);
  return out;
}

Symbols Symbols::with(const SymbolInfo& info) const {
  auto table = std::make_shared<Table>(*table_);
  table->add(info.code).first->info = info;
  Symbols out;
  out.table_ = std::move(table);
  return out;
}

const SymbolInfo* Symbols::find(std::string_view code) const {
  const auto* row = table_->row(code);
  return row == nullptr ? nullptr : &row->info;
}

SymbolInfo Symbols::get(std::string_view code) const {
  const auto* info = find(code);
  return info != nullptr ? *info : unknown_symbol(code);
}

const Offerings* Symbols::offerings(std::string_view code) const {
  const auto* row = table_->row(code);
  return row == nullptr ? nullptr : row->offerings.get();
}

const TradingHours* Symbols::hours(std::string_view code) const {
  const auto* row = table_->row(code);
  return row == nullptr ? nullptr : row->hours.get();
}

std::string Symbols::closed_text(std::string_view code, core::VenueTime now) const {
  const auto* known = hours(code);
  return known == nullptr ? std::string{} : known->closed_text(now);
}

bool Symbols::is_learned() const { return table_->asked.s > 0; }
core::VenueTime Symbols::asked() const { return table_->asked; }
const std::string& Symbols::venue() const { return table_->venue; }

const ListedSymbol* Symbols::listed(std::string_view code) const {
  const auto* row = table_->row(code);
  return row == nullptr || !row->listed ? nullptr : &*row->listed;
}

std::vector<const SymbolInfo*> Symbols::all() const {
  std::vector<const SymbolInfo*> out;
  for (const auto& [code, row] : table_->rows) {
    if (!is_learned() || row.listed) out.push_back(&row.info);
  }
  return out;
}

std::string Symbols::nearest(std::string_view word) const {
  if (const auto* meant = symbol_of_name(*this, word)) return meant->code.str();
  std::vector<std::string_view> codes;
  for (const auto* info : all()) codes.push_back(info->code.view());
  const auto near = core::nearest(word, codes);
  return near ? std::string(*near) : std::string{};
}

std::string Symbols::source() const {
  if (!is_learned()) return fmt::format("derivd's own list of {}", kSnapshotDate);
  return fmt::format("the venue's list of {}", minute_of(asked()));
}

const SymbolInfo* symbol_of_name(const Symbols& symbols, std::string_view name) {
  auto wanted = bare(name);
  for (const std::string_view head : {"vix", "vol", "v"}) {
    const bool short_form = wanted.size() > head.size() && wanted.starts_with(head) &&
                            wanted[head.size()] >= '0' && wanted[head.size()] <= '9';
    if (short_form) wanted = "volatility" + wanted.substr(head.size());
  }
  if (wanted.empty()) return nullptr;
  for (const auto* symbol : symbols.all()) {
    if (bare(symbol->display_name) == wanted) return symbol;
  }
  return nullptr;
}

}  // namespace derivd::market
