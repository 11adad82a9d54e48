#include "sim/feed.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "core/check.hpp"
#include "core/decimal.hpp"
#include "sim/text_file.hpp"

namespace derivd::sim {
namespace {

constexpr double kSecondsPerYear = 365.0 * 86'400.0;  // the venue's year (pricing.hpp)
/// The numbers of made-up candles are others than those of the ticks.
constexpr std::uint64_t kOfCandles = 0x63616e646c657321ULL;
constexpr std::size_t kMaxReplayPoints = 5'000'000;
constexpr std::size_t kMaxReplayBytes = 256U << 20U;

/// FNV-1a: gives each symbol its own stream of the seed, whatever else is served.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return h;
}

core::Error at_line(std::string_view name, std::size_t line, std::string what) {
  return core::invalid(fmt::format("{}:{}: {}", name, line, what));
}

std::string_view without_cr(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

core::Result<Point> parse_line(std::string_view line, std::string_view name, std::size_t number,
                               const market::SymbolInfo& symbol) {
  const auto comma = line.find(',');
  if (comma == std::string_view::npos) return at_line(name, number, "expected epoch,quote");
  Point p;
  const auto [end, ec] = std::from_chars(line.data(), line.data() + comma, p.epoch);
  if (ec != std::errc{} || end != line.data() + comma || p.epoch <= 0)
    return at_line(name, number,
                   fmt::format("'{}' is not an epoch in whole seconds", line.substr(0, comma)));
  auto quote = core::Price::parse(line.substr(comma + 1), symbol.decimals);
  if (!quote) return at_line(name, number, fmt::format("{}: {}", symbol.code, quote.error().text));
  if (quote->mantissa() <= 0) return at_line(name, number, "a quote must be above 0");
  p.mantissa = quote->mantissa();
  return p;
}

}  // namespace

core::Result<std::vector<Point>> parse_tick_file(std::string_view text, std::string_view name,
                                                 const market::SymbolInfo& symbol) {
  std::vector<Point> points;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto eol = text.find('\n');
    const auto line = without_cr(text.substr(0, eol));
    text = eol == std::string_view::npos ? std::string_view{} : text.substr(eol + 1);
    if (++number == 1) {
      if (line != "epoch,quote") return at_line(name, 1, "the header must be 'epoch,quote'");
      continue;
    }
    if (line.empty() && text.empty()) break;
    auto p = parse_line(line, name, number, symbol);
    if (!p) return p.error();
    if (!points.empty() && p->epoch <= points.back().epoch)
      return at_line(name, number,
                     fmt::format("epoch {} does not rise: the line before has {}", p->epoch,
                                 points.back().epoch));
    if (points.size() >= kMaxReplayPoints) return at_line(name, number, "too many ticks");
    points.push_back(*p);
  }
  if (points.empty()) return at_line(name, std::max<std::size_t>(number, 1), "no ticks");
  return points;
}

core::Result<std::vector<Point>> read_tick_file(const std::string& path,
                                                const market::SymbolInfo& symbol) {
  const auto text = read_text(path, kMaxReplayBytes);
  if (!text) return text.error();
  return parse_tick_file(*text, path, symbol);
}

Feed::Feed(Options options) : start_(options.start) {
  for (auto& replay : options.replays) {
    const auto* info = market::find_symbol(replay.symbol);
    DERIVD_CHECK(info != nullptr && !replay.points.empty(), "a replay needs a symbol and ticks");
    add_replay(*info, std::move(replay.points), options.start, options.seed);
  }
  for (auto& listing : options.listings) {
    listings_.push_back(std::make_unique<const Listing>(std::move(listing)));
    if (!index_of(listings_.back()->info.code)) {
      add_gbm(listings_.back()->info, options, listings_.back().get());
    }
  }
  if (!options.gbm) return;
  for (const auto& info : market::known_symbols())
    if (info.sigma_percent != 0 && !index_of(info.code)) add_gbm(info, options);
}

void Feed::add_gbm(const market::SymbolInfo& info, const Options& options, const Listing* listing) {
  Line line;
  line.info = &info;
  line.listing = listing;
  line.rng = core::Rng(options.seed ^ hash_of(info.code));
  line.level = info.typical_price;
  const double dt = info.interval_s / kSecondsPerYear;
  const double sigma = info.sigma_percent / 100.0;
  line.drift = -0.5 * sigma * sigma * dt;
  line.shock = sigma * std::sqrt(dt);
  // The last tick before the start, on the symbol's own grid.
  const std::int64_t interval = info.interval_s;
  const std::int64_t newest = (options.start.s - 1) / interval * interval;
  const auto count = static_cast<std::int64_t>(kBacklogTicks);
  for (std::int64_t i = count - 1; i >= 0; --i) {
    const core::VenueTime at{newest - i * interval};
    const bool there = listing == nullptr || (listing->listed_after == 0 && listing->is_open(at));
    if (there) line.history.push_back({at.s, step(line)});
  }
  begin_past(line, options.seed);
  lines_.push_back(std::move(line));
}

void Feed::add_replay(const market::SymbolInfo& info, std::vector<Point> points,
                      core::VenueTime start, std::uint64_t seed) {
  Line line;
  line.info = &info;
  line.replay = true;
  line.points = std::move(points);
  begin_past(line, seed);
  while (line.next < line.points.size() && line.points[line.next].epoch < start.s) {
    keep(line, line.points[line.next++]);
  }
  lines_.push_back(std::move(line));
}

std::int64_t Feed::step(Line& line) {
  const double unit = static_cast<double>(core::pow10(line.info->decimals));
  line.level *= std::exp(line.drift + line.shock * line.rng.normal());
  // A path that nears zero would lose its digits; Deriv's indices never come close.
  line.level = std::max(line.level, 100.0 / unit);
  return std::llround(line.level * unit);
}

std::optional<std::size_t> Feed::index_of(std::string_view code) const {
  for (std::size_t i = 0; i < lines_.size(); ++i)
    if (lines_[i].info->code == code) return i;
  return std::nullopt;
}

std::optional<market::Tick> Feed::take(std::size_t index, core::VenueTime second) {
  Line& line = lines_[index];
  std::int64_t mantissa = 0;
  if (line.replay) {
    if (line.next >= line.points.size() || line.points[line.next].epoch > second.s)
      return std::nullopt;
    mantissa = line.points[line.next++].mantissa;
  } else {
    if (second.s % line.info->interval_s != 0) return std::nullopt;
    if (!is_listed(index, second) || !is_open(index, second)) return std::nullopt;
    mantissa = step(line);
  }
  return market::Tick{line.info->code, second, core::Price::raw(mantissa, line.info->decimals)};
}

bool Feed::is_listed(std::size_t index, core::VenueTime at) const {
  const auto* listing = lines_[index].listing;
  return listing == nullptr || at.s >= start_.s + listing->listed_after;
}

bool Feed::is_open(std::size_t index, core::VenueTime at) const {
  const auto* listing = lines_[index].listing;
  return listing == nullptr || listing->is_open(at);
}

void Feed::push(std::size_t index, const market::Tick& tick) {
  keep(lines_[index], {tick.epoch.s, tick.quote.mantissa()});
}

void Feed::keep(Line& line, const Point& point) {
  line.history.push_back(point);
  if (line.history.size() <= kHistoryTicks) return;
  line.past.drop(line.history.front());
  line.history.pop_front();
}

/// What was before the first tick that the line has.
void Feed::begin_past(Line& line, std::uint64_t seed) {
  CandlePast::Options past;
  past.seed = seed ^ hash_of(line.info->code) ^ kOfCandles;
  past.anchor = line.replay            ? line.points.front()
                : line.history.empty() ? Point{}
                                       : line.history.front();
  past.sigma = line.info->sigma_percent / 100.0;
  if (const auto* listing = line.listing) {
    past.is_open = [listing](std::int64_t at) { return listing->is_open({at}); };
    past.reaches_back = listing->listed_after == 0;
  }
  line.past = CandlePast(std::move(past));
}

std::vector<Candle> Feed::candles(std::size_t index, std::int64_t length, std::int64_t start,
                                  std::int64_t end) {
  Line& line = lines_[index];
  std::vector<Candle> out;
  const auto first = start - start % length;
  for (const auto& minute : line.past.minutes_from(first)) {
    if (minute.open_time <= end) add_to(out, minute, length);
  }
  for (const auto& p : line.history) {
    if (p.epoch >= first && p.epoch <= end) add_to(out, p, length);
  }
  return out;
}

std::optional<market::Tick> Feed::last(std::size_t index) const {
  const Line& line = lines_[index];
  if (line.history.empty()) return std::nullopt;
  const Point p = line.history.back();
  return market::Tick{
      line.info->code, {p.epoch}, core::Price::raw(p.mantissa, line.info->decimals)};
}

bool Feed::ended(std::size_t index) const {
  const Line& line = lines_[index];
  return line.replay && line.next >= line.points.size();
}

bool Feed::all_ended() const {
  for (std::size_t i = 0; i < lines_.size(); ++i)
    if (!ended(i)) return false;
  return true;
}

}  // namespace derivd::sim
