#include "derivctl/payout_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "common/answer.hpp"
#include "core/utc.hpp"
#include "derivctl/payout_source.hpp"
#include "engine/spec.hpp"

namespace derivd::ctl {
namespace {

using backtest::Payouts;
using daemon::at;
using daemon::shown;
using nlohmann::ordered_json;

constexpr std::string_view kJournal = "journal:";

ordered_json epoch_or_null(core::VenueTime time) {
  return time.s == 0 ? ordered_json(nullptr) : ordered_json(time.s);
}

ordered_json said_of(const RecordedPayouts& found) {
  const auto text = [](const std::string& t) {
    return t.empty() ? ordered_json(nullptr) : ordered_json(t);
  };
  ordered_json out;
  out["source"] = "recorded";
  out["account"] = text(found.account);
  out["currency"] = text(found.currency);
  out["from"] = epoch_or_null(found.first);
  out["to"] = epoch_or_null(found.last);
  out["journal"] = text(found.journal);
  return out;
}

core::Result<PayoutChoice> without_words(const Context& context, std::uint8_t decimals) {
  const auto found =
      recorded_payouts(context.state_directory(), {}, Payouts::Rest::kModel, decimals);
  if (found) return PayoutChoice{found->payouts, said_of(*found)};
  switch (found.error().kind) {
    case core::ErrorKind::kNotFound:
      return PayoutChoice{Payouts{}, {{"source", "model"}}};
    case core::ErrorKind::kIo:
    case core::ErrorKind::kRefused:
      // Somebody else's directory: whoever may not read it asks for nothing of it.
      warn(fmt::format("{}; payouts are the model's", found.error().text));
      return PayoutChoice{Payouts{}, {{"source", "model"}}};
    case core::ErrorKind::kInvalid:
    case core::ErrorKind::kTimeout:
    case core::ErrorKind::kProtocol:
    case core::ErrorKind::kExhausted:
      break;
  }
  return core::Error{found.error().kind, found.error().text + "; --payouts model does without it"};
}

core::Result<PayoutChoice> read_file(const std::string& text) {
  auto payouts = payouts_of_file(text);
  if (!payouts) return payouts.error();
  return PayoutChoice{std::move(*payouts), {{"source", "file"}, {"file", text}}};
}

}  // namespace

core::Result<PayoutChoice> choose_payouts(const Context& context, const std::string& text,
                                          std::uint8_t decimals) {
  if (text.empty()) return without_words(context, decimals);
  if (text == "model") return PayoutChoice{Payouts{}, {{"source", "model"}}};
  if (text == "recorded") {
    const auto found = recorded_payouts(context.state_directory(), context.journal_file(),
                                        Payouts::Rest::kNothing, decimals);
    if (!found) return found.error();
    return PayoutChoice{found->payouts, said_of(*found)};
  }
  if (text.starts_with(kJournal)) {
    auto file = text.substr(kJournal.size());
    if (file.empty()) file = context.journal_file();
    auto payouts = payouts_of_journal(file);
    if (!payouts) return payouts.error();
    return PayoutChoice{std::move(*payouts), {{"source", "journal"}, {"file", file}}};
  }
  if (text.find('=') == std::string::npos) return read_file(text);
  auto payouts = Payouts::parse(text);
  if (!payouts) return payouts.error();
  return PayoutChoice{std::move(*payouts), {{"source", "ratios"}, {"ratios", text}}};
}

void name_contracts(PayoutChoice& choice, const engine::Settings& settings) {
  if (at(choice.said, "source") != "recorded") return;
  std::vector<std::string> recorded;
  std::vector<std::string> model;
  for (const auto& s : settings.strategies) {
    if (!s.enabled) continue;
    const auto decimals = settings.symbols.get(s.symbol).decimals;
    for (const auto& [signal, barrier_varies] : engine::buyables(s)) {
      const auto spec = engine::make_spec(s, signal, decimals);
      if (!spec || !choice.payouts.has(*spec)) continue;
      const bool known = choice.payouts.is_recorded(*spec) && !barrier_varies;
      auto& list = known ? recorded : model;
      auto words = venue::words_of(*spec);
      if (std::ranges::count(list, words) == 0) list.push_back(std::move(words));
    }
  }
  // Programs say what they buy as they run.
  const bool unknown_ones = std::ranges::any_of(
      settings.strategies, [](const auto& s) { return s.enabled && engine::buyables(s).empty(); });
  if (recorded.empty() && !unknown_ones && !choice.payouts.is_recorded()) {
    choice = {Payouts{}, {{"source", "model"}}};
    return;
  }
  choice.said["contracts"] = recorded;
  choice.said["by_model"] = model;
}

std::string payouts_text(const ordered_json& said) {
  if (said.is_null()) return {};
  const auto source = shown(at(said, "source"));
  if (source == "model") return "payouts: the model's\n";
  if (source == "ratios") return fmt::format("payouts: {}, as given\n", shown(at(said, "ratios")));
  if (source == "file" || source == "journal") {
    return fmt::format("payouts: those of {}\n", shown(at(said, "file")));
  }
  const auto last = daemon::whole_of(at(said, "to"));
  auto out = last ? fmt::format("payouts: recorded of account {}, the newest {}\n",
                                shown(at(said, "account")), core::utc_iso(core::VenueTime{*last}))
                  : std::string("payouts: those of the journal's purchases\n");
  const auto add = [&out](std::string_view what, const ordered_json& list) {
    if (!list.is_array()) return;
    for (const auto& words : list) out += fmt::format("  {} {}\n", what, shown(words));
  };
  add("recorded", at(said, "contracts"));
  add("model   ", at(said, "by_model"));
  return out;
}

}  // namespace derivd::ctl
