// proof: each assumption about the venue, assumed and seen, on a demo account: proposals, and with
// the person's consent contracts of the least stake within a bound on their cost.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>

#include "common/account_lock.hpp"
#include "common/output.hpp"
#include "common/venue_settings.hpp"
#include "config/config.hpp"
#include "core/counted.hpp"
#include "core/utc.hpp"
#include "derivctl/command.hpp"
#include "derivctl/places.hpp"
#include "derivctl/probe_venue.hpp"
#include "derivctl/proof_run.hpp"
#include "derivctl/proxy.hpp"
#include "derivctl/table.hpp"
#include "derivctl/terminal.hpp"
#include "market/symbols.hpp"
#include "service/credential.hpp"
#include "service/exit_code.hpp"
#include "service/lock.hpp"
#include "service/unique_fd.hpp"

namespace derivd::ctl {
namespace {

using proof::Verdict;

// What a verdict is called in JSON: words without blanks.
std::string_view proof_word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAsAssumed:
      return "as_assumed";
    case Verdict::kNot:
      return "not";
    case Verdict::kUndecided:
      return "not_decided";
  }
  return "?";
}

struct ProofOptions {
  PlaceOptions places;
  std::string account;
  std::string only;
  std::string max_cost = "10.00";
  std::string save;
  std::int64_t tries = 3;
  bool yes = false;
};

/// The kinds that were asked for, each once and in the order of the table; none: all.
core::Result<std::vector<const proof::Probe*>> chosen_probes(const std::string& only) {
  std::vector<const proof::Probe*> out;
  std::vector<std::string_view> wanted;
  for (std::string_view rest = only; !rest.empty();) {
    const auto comma = rest.find(',');
    wanted.push_back(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  for (const auto kind : wanted) {
    if (proof::find_probe(kind) != nullptr) continue;
    std::string all;
    for (const auto& probe : proof::probes()) {
      all += (all.empty() ? "" : ", ") + std::string(probe.kind);
    }
    return core::invalid(fmt::format("--only: '{}' is no kind; kinds are {}", kind, all));
  }
  for (const auto& probe : proof::probes()) {
    if (wanted.empty() || std::ranges::find(wanted, probe.kind) != wanted.end()) {
      out.push_back(&probe);
    }
  }
  return out;
}

/// What a run stands on before the first question of the proof itself.
struct Ground {
  config::VenueSettings venue;
  core::Secret token;
  deriv::Dialect dialect = deriv::Dialect::kOptions;
  std::string endpoint;
  std::optional<net::Route> route;
  deriv::AccountInfo account;
  std::string program;  // how this derivctl is called
  std::unique_ptr<service::InstanceLock> lock;

  deriv::SessionSettings session() const {
    auto out = daemon::session_settings(venue, token.clone());
    out.allow_real = false;
    return out;
  }
};
struct ProofStop {
  int code = service::kCtlOther;
  std::string text;
};
[[noreturn, maybe_unused]] void throw_exception_from_error(const ProofStop& stop,
                                                           const boost::source_location&) {
  throw std::runtime_error(stop.text);
}
template <class T>
using ProofOutcome = boost::system::result<T, ProofStop>;

/// Exit code 4 is the verdict's alone: what stops a proof before it has another one.
int proof_code_of(const deriv::ProbeResult& result) {
  return result.outcome == deriv::ProbeResult::Outcome::kTimeout ? service::kCtlTimeout
                                                                 : service::kCtlOther;
}

ProofOutcome<void> look_at_account(Ground& ground) {
  const auto result = probe_venue(deriv::ProbeKind::kToken, ground.session(), *ground.route);
  const bool good = result.outcome == deriv::ProbeResult::Outcome::kGood;
  const bool real = good ? result.account.is_real
                         : result.outcome == deriv::ProbeResult::Outcome::kRefused &&
                               result.refusal == deriv::FatalKind::kRealNotAllowed;
  if (real) {
    return ProofStop{
        service::kCtlUsage,
        "a proof buys contracts on demo accounts alone, and this is a real one; name a demo "
        "account with --account, or store a token of one with --credential"};
  }
  if (!good)
    return ProofStop{proof_code_of(result), explain(result, ground.dialect, ground.program)};
  ground.account = result.account;
  return {};
}

ProofOutcome<void> take_lock(Ground& ground) {
  auto lock = service::lock_account(daemon::lock_name(ground.account.id.view(), ground.endpoint));
  if (!lock) {
    return ProofStop{
        service::kCtlOther,
        fmt::format("{}; a daemon would take the proof's contracts for those of others: stop "
                    "it, or use another demo account (--account, --credential)",
                    lock.error().text)};
  }
  ground.lock = std::move(*lock);
  return {};
}

/// The venue of the configuration with the stored token; a real account is refused, whatever the
/// configuration allows.
ProofOutcome<Ground> prepare_proof(const Context& context, const ProofOptions& o) {
  const Places places(context, o.places);
  const auto loaded = config::load_file(places.config(), context.symbols());
  const auto* config = std::get_if<config::Config>(&loaded);
  if (config == nullptr) {
    const auto& problems = std::get<std::vector<config::Problem>>(loaded);
    return ProofStop{service::kCtlOther,
                     fmt::format("{}; \"{}{} setup\" writes a first configuration",
                                 config::format(problems.front(), places.config()),
                                 places.by_sudo(), context.program())};
  }
  auto token = read_kept(places);
  if (!token) {
    return ProofStop{token.error().kind == core::ErrorKind::kNotFound ? service::kCtlNotFound
                                                                      : service::kCtlOther,
                     token.error().text};
  }
  auto venue = config->venue;
  venue.mode = config::Mode::kLive;  // paper has no token; one that is kept is of a demo account
  venue.allow_real = false;
  if (!o.account.empty()) venue.account = o.account;
  auto route = route_by_config(venue, places);
  if (!route) return ProofStop{service::kCtlUsage, route.error().text};
  Ground out;
  out.program = context.program();
  out.venue = std::move(venue);
  out.token = std::move(*token);
  const auto session = out.session();
  out.dialect = session.dialect;
  out.endpoint = session.endpoint;
  out.route = std::move(*route);
  if (auto ok = look_at_account(out); !ok) return ok.error();
  if (auto ok = take_lock(out); !ok) return ok.error();
  return out;
}

// ---- consent ----

/// What it would stake now, by the snapshot: for people.
std::optional<core::Money> stake_of(const proof::Probe& probe, std::uint8_t exponent) {
  if (probe.buys == nullptr) return std::nullopt;
  const market::Symbols symbols;
  for (const auto code : probe.symbols) {
    const auto* info = symbols.find(code);
    if (info == nullptr) continue;
    const auto pips =
        std::llround(info->typical_price * static_cast<double>(core::pow10(info->decimals)));
    const market::Tick latest{
        info->code, {1}, core::Price::raw(std::max(pips, 1LL), info->decimals)};
    return probe.buys({*info, latest, symbols.offerings(code), exponent}).amount;
  }
  return std::nullopt;
}

/// How long somebody has to wait for a link that says nothing; empty: there is none.
std::string silence_text(const ProofSettings& settings) {
  std::string out;
  for (const auto* probe : settings.probes) {
    if (probe->silent_s == 0) continue;
    out += fmt::format("{} takes {} s, or up to {} times as long.\n", probe->kind, probe->silent_s,
                       settings.tries);
  }
  return out;
}

std::string plan_text(const ProofSettings& settings, const deriv::AccountInfo& account) {
  std::string out;
  auto sum = core::Money::minor(0, account.balance.exponent());
  std::size_t free = 0;
  for (const auto* probe : settings.probes) {
    const auto stake = stake_of(*probe, account.balance.exponent());
    if (!stake) {
      ++free;
      continue;
    }
    sum += *stake;
    out += fmt::format(
        "  {:<20} {:>6}{}{}\n", probe->kind, stake->to_string(),
        probe->by_chance ? ", up to " + core::counted(settings.tries, "time") : "",
        probe->hold_ticks > 0 ? ", sold after " + core::counted(probe->hold_ticks, "tick") : "");
  }
  return fmt::format(
      "On the demo account {} ({} {}): {} of {} kinds cost nothing, the others buy for\n{}"
      "{} {} if each is bought once. No more than {} is ever at risk or lost (--max-cost).\n{}",
      account.id, account.balance.to_string(), account.currency, free, settings.probes.size(), out,
      sum.to_string(), account.currency, settings.max_cost.to_string(), silence_text(settings));
}

/// Whether contracts may be bought; error: the person's answer could not be read.
core::Result<bool> consent(const ProofOptions& o, const ProofSettings& settings,
                           const deriv::AccountInfo& account) {
  const bool buys = std::ranges::any_of(
      settings.probes, [](const proof::Probe* probe) { return probe->buys != nullptr; });
  if (!buys || o.yes) return buys;
  if (!is_interactive()) {
    warn("nothing is bought without somebody's consent: --yes gives it");
    return false;
  }
  out::error("{}", plan_text(settings, account));
  return ask_yes("Buy them?", false);
}

// ---- what is kept ----

core::Result<void> write_private(const std::string& path, std::string_view text) {
  const service::UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  const auto failed = [&] {
    return core::io_error(fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
  };
  if (file.get() < 0 || ::fchmod(file.get(), 0600) != 0) return failed();
  while (!text.empty()) {
    const auto n = ::write(file.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failed();
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
}

nlohmann::ordered_json kind_json(const ProofResult& result, const std::string& date) {
  auto measured = nlohmann::ordered_json::array();
  for (const auto& one : result.finding.measured) {
    measured.push_back({{"name", one.name}, {"value", one.value}, {"since", date}});
  }
  return {{"kind", result.probe->kind},
          {"verdict", proof_word_of(result.finding.verdict)},
          {"assumed", result.probe->assumed},
          {"seen", result.finding.seen},
          {"symbol", text_or_null(result.symbol)},
          {"bought", result.bought},
          {"measured", std::move(measured)}};
}

/// One file for each kind, without anything that names the account.
core::Result<void> save(const std::string& directory, const ProofReport& report,
                        const Ground& ground, const std::string& date) {
  // One that is there already is its owner's business.
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return core::io_error(fmt::format("--save {}: {}", directory, std::strerror(errno)));
  }
  std::string refused;
  for (const auto& result : report.results) {
    auto kept = kind_json(result, date);
    kept["dialect"] = deriv::name_of(ground.dialect);
    kept["messages"] = result.frames;
    const auto text = kept.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    // The reader leaves both out; a file that has one all the same is not worth its risk.
    if (text.find(ground.token.reveal()) != std::string::npos ||
        text.find(ground.account.id.view()) != std::string::npos) {
      refused += fmt::format("{}{}", refused.empty() ? "" : ", ", result.probe->kind);
      continue;
    }
    const auto path = fmt::format("{}/{}.json", directory, result.probe->kind);
    if (auto ok = write_private(path, text + "\n"); !ok) return ok;
  }
  if (refused.empty()) return {};
  return core::invalid(
      fmt::format("the messages of {} name the account and are not kept", refused));
}

// ---- what is shown ----

struct Counts {
  std::size_t as_assumed = 0, not_so = 0, undecided = 0;
};
Counts proof_count(const ProofReport& report) {
  Counts out;
  for (const auto& result : report.results) {
    switch (result.finding.verdict) {
      case Verdict::kAsAssumed:
        ++out.as_assumed;
        break;
      case Verdict::kNot:
        ++out.not_so;
        break;
      case Verdict::kUndecided:
        ++out.undecided;
        break;
    }
  }
  return out;
}

void print_proof_json(const ProofReport& report, const ProofSettings& settings,
                      const Ground& ground, const std::string& date) {
  const auto counts = proof_count(report);
  nlohmann::ordered_json out;
  out["dialect"] = deriv::name_of(ground.dialect);
  out["venue"] = ground.endpoint;
  out["account_type"] = "demo";
  out["currency"] = ground.account.currency.str();
  out["date"] = date;
  out["kinds"] = nlohmann::ordered_json::array();
  for (const auto& result : report.results) out["kinds"].push_back(kind_json(result, date));
  out["as_assumed"] = counts.as_assumed;
  out["not"] = counts.not_so;
  out["not_decided"] = counts.undecided;
  out["max_cost"] = settings.max_cost.to_string();
  out["cost"] = report.spent.to_string();
  out["left_open"] = nlohmann::ordered_json::array();
  for (const auto& open : report.left_open) {
    out["left_open"].push_back({{"contract_id", text_or_null(open.contract)},
                                {"contract", open.spec},
                                {"stake", open.stake.to_string()}});
  }
  out["problem"] = text_or_null(report.problem);
  out::json(out);
}

void print_proof_text(const ProofReport& report, const ProofSettings& settings,
                      const Ground& ground, const std::string& date) {
  auto rows = nlohmann::ordered_json::array();
  for (const auto& result : report.results) {
    rows.push_back({{"kind", result.probe->kind},
                    {"verdict", proof::name_of(result.finding.verdict)},
                    {"assumed", fmt::format("assumed: {}", result.probe->assumed)},
                    {"seen", fmt::format("seen: {}", result.finding.seen)}});
  }
  out::show(table_text(rows,
                       {"kind", "verdict", Column::sentence("assumed"), Column::sentence("seen")},
                       out::look()));
  const bool any = std::ranges::any_of(
      report.results, [](const ProofResult& r) { return !r.finding.measured.empty(); });
  if (any) out::print("\nmeasured on a demo account:\n");
  for (const auto& result : report.results) {
    for (const auto& one : result.finding.measured) {
      out::print("  {}: {}  # {}\n", one.name, one.value, date);
    }
  }
  const auto counts = proof_count(report);
  out::print("\n{} as assumed, {} not, {} not decided; cost {} {} of at most {}\n",
             counts.as_assumed, counts.not_so, counts.undecided, report.spent.to_string(),
             ground.account.currency, settings.max_cost.to_string());
}

void tell_left_open(const ProofReport& report) {
  for (const auto& open : report.left_open) {
    if (open.contract.empty()) {
      warn(
          fmt::format("{} for {} may have been bought: its answer was lost. It is not bought "
                      "again; the account's statement tells",
                      open.spec, open.stake.to_string()));
    } else {
      warn(fmt::format("contract {} ({} for {}) is open and stays the venue's", open.contract,
                       open.spec, open.stake.to_string()));
    }
  }
}

int verdict_of(const ProofReport& report) {
  const auto counts = proof_count(report);
  if (counts.not_so > 0) return service::kCtlRefused;
  if (!report.problem.empty()) return fail(service::kCtlOther, report.problem);
  if (counts.as_assumed == 0) return fail(service::kCtlOther, "nothing could be decided");
  return service::kCtlOk;
}

int prove(const Context& context, const ProofOptions& o) {
  ProofSettings settings;
  const auto kinds = chosen_probes(o.only);
  if (!kinds) return fail(service::kCtlUsage, kinds.error().text);
  settings.probes = *kinds;
  settings.tries = static_cast<int>(o.tries);
  settings.keeps_frames = !o.save.empty();
  settings.draws = !context.json && ::isatty(STDERR_FILENO) == 1;
  auto ground = prepare_proof(context, o);
  if (!ground) return fail(ground.error().code, ground.error().text);
  const auto most = core::Money::parse(o.max_cost, ground->account.balance.exponent());
  if (!most || most->units() < 0) {
    return fail(
        service::kCtlUsage,
        fmt::format("--max-cost {}: an amount of the account's currency, as 10.00", o.max_cost));
  }
  settings.max_cost = *most;
  const auto agreed = consent(o, settings, ground->account);
  if (!agreed) return fail(service::kCtlUsage, agreed.error().text);
  settings.may_buy = *agreed;
  const auto report =
      run_proof(settings, ground->session(), ground->session(), *ground->route, ground->account);
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const core::VenueTime today{std::chrono::duration_cast<std::chrono::seconds>(wall).count()};
  const auto date = core::utc_iso(today).substr(0, 10);
  context.json ? print_proof_json(report, settings, *ground, date)
               : print_proof_text(report, settings, *ground, date);
  tell_left_open(report);
  if (!o.save.empty()) {
    if (const auto ok = save(o.save, report, *ground, date); !ok) {
      return fail(service::kCtlOther, ok.error().text);
    }
  }
  return verdict_of(report);
}

}  // namespace

void add_proof(Commands& commands) {
  const auto& context = commands.context();
  const auto o = std::make_shared<ProofOptions>();
  auto c = commands.add("proof", "what derivd assumes of the venue, and what a demo account shows");
  add_place_options(c, o->places);
  c.option("--only", o->only, "KIND,…: these alone");
  c.option("--max-cost", o->max_cost, "the most that may be lost, in the account's currency")
      .show_default();
  c.option("--tries", o->tries, "purchases of a kind that chance decides, and silent links")
      .between(1, 50)
      .show_default();
  c.option("--save", o->save, "keep the messages, redacted, in DIR/KIND.json");
  c.option("--account", o->account, "a demo account, instead of the configuration's");
  c.flag("-y,--yes", o->yes, "buy without asking");
  commands.on(c, [&context, o] {
    service::keep_out_of_cores();
    return prove(context, *o);
  });
}

}  // namespace derivd::ctl
