#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.hpp"
#include "config/table.hpp"
#include "config/value.hpp"
#include "config/zones.hpp"
#include "core/nearest.hpp"
#include "unit/service/temp_dir.hpp"

namespace derivd::config {
namespace {

using core::Money;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string problems_text(const std::variant<Config, std::vector<Problem>>& result) {
  std::string out;
  if (const auto* problems = std::get_if<std::vector<Problem>>(&result)) {
    for (const auto& p : *problems) out += format(p, "f") + "\n";
  }
  return out;
}

Config good(std::string_view text) {
  auto result = load_text(text);
  EXPECT_TRUE(std::holds_alternative<Config>(result)) << text << "\n" << problems_text(result);
  auto* config = std::get_if<Config>(&result);
  return config ? std::move(*config) : Config{};
}

std::vector<Problem> bad(std::string_view text) {
  auto result = load_text(text);
  EXPECT_TRUE(std::holds_alternative<std::vector<Problem>>(result)) << "accepted:\n" << text;
  auto* problems = std::get_if<std::vector<Problem>>(&result);
  return problems ? std::move(*problems) : std::vector<Problem>{};
}

/// The example of the product's contract.
constexpr std::string_view kFull = R"(venue:
  api: options
  app_id: "33uslq"
  account: real
  allow_real: true
  mode: live
  endpoint: https://127.0.0.1:8443
  ca_file: null
limits:
  max_stake: 5.00
  max_open_contracts: 3
  max_open_stake: 15.00
  daily_loss: 20.00
  daily_profit: 50.00
  max_trades_per_day: 500
  min_balance: 100.00
  day_starts: "06:30 UTC"
strategies:
  - name: parity
    type: even_odd
    symbol: 1HZ100V
    params: { streak: 3 }
    contract: { duration: 1t }
    staking: { plan: martingale, base: 0.35, factor: 2.1, unit: 0.5, max_steps: 5, max_stake: 4, on_cap: hold }
    session: { take_profit: 10.00, stop_loss: 20.00, trailing: true, on_target: halt, on_loss: halt, resume: reset }
    guards: { max_open: 2, cooldown: 90s, after_losses: { count: 5, pause: 10m }, max_trades_per_hour: 120, min_payout_ratio: 0.90, hours: ["Mon-Fri 08:00-20:00 UTC"] }
    enabled: false
store: { path: /var/lib/x.db, durability: power, keep: 90d }
metrics: { listen: "[::1]:9455" }
log: { level: warning }
on_stop: wait
stop_timeout: 2m
)";

TEST(Load, EveryKeyOfTheContract) {
  const auto c = good(kFull);
  EXPECT_EQ(c.venue.api, Api::kOptions);
  EXPECT_EQ(c.venue.app_id, "33uslq");
  EXPECT_EQ(c.venue.account, "real");
  EXPECT_TRUE(c.venue.allow_real);
  EXPECT_EQ(c.venue.mode, Mode::kLive);
  EXPECT_EQ(c.venue.endpoint, "https://127.0.0.1:8443");
  EXPECT_EQ(c.venue.ca_file, std::nullopt);
  const auto& l = c.engine.limits;
  EXPECT_EQ(l.max_stake, Money::minor(500));
  EXPECT_EQ(l.max_open_contracts, 3);
  EXPECT_EQ(l.max_open_stake, Money::minor(1500));
  EXPECT_EQ(l.daily_loss, Money::minor(2000));
  EXPECT_EQ(l.daily_profit, Money::minor(5000));
  EXPECT_EQ(l.max_trades_per_day, 500);
  EXPECT_EQ(l.min_balance, Money::minor(10000));
  EXPECT_EQ(l.day_starts, seconds(6 * 3600 + 1800));
  ASSERT_EQ(c.engine.strategies.size(), 1u);
  const auto& s = c.engine.strategies[0];
  EXPECT_EQ(s.name, "parity");
  EXPECT_EQ(s.type, "even_odd");
  EXPECT_EQ(s.symbol, "1HZ100V");
  EXPECT_EQ(s.params, (strategy::Params{{"streak", 3}}));
  EXPECT_EQ(s.contract.duration,
            (market::ContractDuration{1, market::ContractDuration::Unit::kTicks}));
  EXPECT_EQ(s.staking.plan, "martingale");
  EXPECT_EQ(s.staking.base, Money::minor(35));
  EXPECT_EQ(s.staking.factor, (core::Decimal{21, 1}));
  EXPECT_EQ(s.staking.unit, (core::Decimal{5, 1}));
  EXPECT_EQ(s.staking.max_steps, 5);
  EXPECT_EQ(s.staking.max_stake, Money::minor(400));
  EXPECT_EQ(s.staking.on_cap, staking::OnCap::kHold);
  EXPECT_EQ(s.session.take_profit, Money::minor(1000));
  EXPECT_EQ(s.session.stop_loss, Money::minor(2000));
  EXPECT_TRUE(s.session.trailing);
  EXPECT_EQ(s.session.resume, risk::Resume::kReset);
  EXPECT_EQ(s.guards.max_open, 2);
  EXPECT_EQ(s.guards.cooldown, seconds(90));
  ASSERT_TRUE(s.guards.after_losses);
  EXPECT_EQ(s.guards.after_losses->count, 5);
  EXPECT_EQ(s.guards.after_losses->pause, seconds(600));
  EXPECT_EQ(s.guards.max_trades_per_hour, 120);
  EXPECT_EQ(s.guards.min_payout_ratio, (core::Decimal{9, 1}));
  ASSERT_EQ(s.guards.hours.size(), 1u);
  EXPECT_EQ(s.guards.hours[0].weekdays, 0b0011111);
  EXPECT_EQ(s.guards.hours[0].begin_s, 8 * 3600);
  EXPECT_EQ(s.guards.hours[0].end_s, 20 * 3600);
  EXPECT_FALSE(s.enabled);
  EXPECT_EQ(c.store_path, "/var/lib/x.db");
  EXPECT_EQ(c.durability, execution::Durability::kPower);
  EXPECT_EQ(c.store_keep, std::chrono::hours(90 * 24));
  EXPECT_EQ(c.metrics_listen, (ListenAddress{"::1", 9455}));
  EXPECT_EQ(c.log_level, "warning");
  EXPECT_EQ(c.on_stop, OnStop::kWait);
  EXPECT_EQ(c.stop_timeout, seconds(120));
}

constexpr std::string_view kSmall = R"(strategies:
  - name: a
    type: rise_fall
    symbol: R_100
    staking: { base: 0.35 }
)";

TEST(Load, Notifications) {
  const auto c = good(std::string(kSmall) + R"(notify:
  webhook: { url: "https://hooks.example.com/services/secretpart?x=1" }
  telegram: { chat_id: "-1001234" }
  disconnected_after: 90s
  max_per_hour: 7
  daily_summary: false
  templates: { halt: "{strategy}: {{{reason}}}", summary: "{text}" }
)");
  const auto& n = c.notify;
  EXPECT_EQ(n.webhook_url, "https://hooks.example.com/services/secretpart?x=1");
  EXPECT_EQ(n.telegram_chat_id, "-1001234");
  EXPECT_EQ(n.telegram_endpoint, "https://api.telegram.org");
  EXPECT_EQ(n.disconnected_after, seconds(90));
  EXPECT_EQ(n.max_per_hour, 7);
  EXPECT_FALSE(n.daily_summary);
  EXPECT_EQ(n.templates[static_cast<std::size_t>(core::NoticeKind::kHalt)],
            "{strategy}: {{{reason}}}");
  EXPECT_EQ(n.templates[static_cast<std::size_t>(core::NoticeKind::kUnknown)], std::nullopt);
}

TEST(Load, EveryKindOfNoticeHasATemplate) {
  for (std::size_t i = 0; i < core::kNoticeKinds; ++i) {
    const auto kind = static_cast<core::NoticeKind>(i);
    const auto c = good(
        fmt::format("{}notify: {{ templates: {{ {}: hello }} }}\n", kSmall, core::name_of(kind)));
    for (std::size_t k = 0; k < core::kNoticeKinds; ++k) {
      EXPECT_EQ(c.notify.templates[k].has_value(), k == i) << core::name_of(kind);
    }
  }
}

// Values of a change reach the journal.
TEST(Load, TheAddressOfAWebhookIsNotShownWhole) {
  const auto with = [](const std::string& path) {
    return good(fmt::format("{}notify: {{ webhook: {{ url: \"https://x.example/{}\" }} }}\n",
                            kSmall, path));
  };
  EXPECT_TRUE(diff(with("secret"), with("secret")).empty());
  const auto changes = diff(with("secretA"), with("secretB"));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].key, "notify.webhook.url");
  for (const auto& text : {changes[0].before, changes[0].after}) {
    EXPECT_TRUE(text.starts_with("https://x.example/… (fingerprint ")) << text;
  }
  EXPECT_NE(changes[0].before, changes[0].after);
}

TEST(Load, DefaultsAreThoseOfTheTypes) {
  const auto c = good(kSmall);
  const Config d;
  EXPECT_EQ(c.venue.api, d.venue.api);
  EXPECT_EQ(c.venue.app_id, "1089");
  EXPECT_EQ(c.venue.account, d.venue.account);
  EXPECT_EQ(c.venue.allow_real, d.venue.allow_real);
  EXPECT_EQ(c.venue.mode, d.venue.mode);
  EXPECT_EQ(c.venue.endpoint, d.venue.endpoint);
  EXPECT_EQ(c.engine.limits.max_stake, std::nullopt);
  EXPECT_EQ(c.engine.limits.max_open_contracts, std::nullopt);
  EXPECT_EQ(c.engine.limits.daily_loss, std::nullopt);
  EXPECT_EQ(c.engine.limits.min_balance, std::nullopt);
  EXPECT_EQ(c.engine.limits.day_starts, seconds(0));
  EXPECT_EQ(c.store_path, std::nullopt);
  EXPECT_EQ(c.durability, execution::Durability::kProcess);
  EXPECT_EQ(c.store_keep, std::nullopt);
  EXPECT_EQ(c.log_level, d.log_level);
  EXPECT_EQ(c.on_stop, d.on_stop);
  EXPECT_EQ(c.stop_timeout, d.stop_timeout);
  const auto& s = c.engine.strategies.at(0);
  const engine::StrategySettings e;
  EXPECT_EQ(s.contract.duration, e.contract.duration);
  EXPECT_EQ(s.staking.plan, e.staking.plan);
  EXPECT_EQ(s.staking.factor, e.staking.factor);
  EXPECT_EQ(s.staking.unit, e.staking.unit);
  EXPECT_EQ(s.staking.max_steps, e.staking.max_steps);
  EXPECT_EQ(s.staking.on_cap, e.staking.on_cap);
  EXPECT_EQ(s.session.trailing, e.session.trailing);
  EXPECT_EQ(s.session.resume, e.session.resume);
  EXPECT_EQ(s.guards.max_open, e.guards.max_open);
  EXPECT_EQ(s.guards.cooldown, e.guards.cooldown);
  EXPECT_FALSE(s.guards.after_losses);
  EXPECT_TRUE(s.guards.hours.empty());
  EXPECT_TRUE(s.enabled);
  // Parameters come complete: the strategy's maker relies on it.
  for (const auto& p : strategy::find_type("rise_fall")->params) {
    ASSERT_TRUE(p.fallback);
    EXPECT_EQ(s.params.at(std::string(p.name)), *p.fallback);
  }
}

TEST(Load, NullIsLeftOut) {
  const auto c = good(R"(
venue: null
limits: { max_stake: null, daily_loss: ~ }
strategies:
  - { name: a, type: rise_fall, symbol: R_100, params: null, contract: null, staking: { base: 1, factor: null }, session: null, guards: { after_losses: null, hours: null }, enabled: null }
store: ~
log: { level: null }
)");
  EXPECT_EQ(c.engine.limits.max_stake, std::nullopt);
  EXPECT_EQ(c.log_level, "info");
  EXPECT_FALSE(c.engine.strategies.at(0).guards.after_losses);
  EXPECT_TRUE(c.engine.strategies.at(0).enabled);
  EXPECT_EQ(c.engine.strategies.at(0).staking.factor, (core::Decimal{2, 0}));
}

TEST(Load, NoStrategiesOrAllDisabledIsValid) {
  EXPECT_THAT(good("strategies: []").engine.strategies, IsEmpty());
  EXPECT_FALSE(good(std::string(kSmall) + "    enabled: false\n").engine.strategies.at(0).enabled);
}

TEST(Load, JsonIsYaml) {
  const auto c =
      good(R"({"venue":{"api":"v3","app_id":1089,"endpoint":"wss:\/\/127.0.0.1:9\/websockets\/v3"},
	"limits":{"max_stake":5.0},
	"strategies":[{"name":"a","type":"even_odd","symbol":"R_100","params":{"streak":2},
		"contract":{"duration":"5t"},"staking":{"plan":"flat","base":0.5},
		"guards":{"cooldown":"1m","hours":["22:00-02:00"]},"enabled":true}],"on_stop":"leave"})");
  EXPECT_EQ(c.venue.app_id, "1089");
  EXPECT_EQ(c.venue.endpoint, "wss://127.0.0.1:9/websockets/v3");
  EXPECT_EQ(c.engine.limits.max_stake, Money::minor(500));
  const auto& s = c.engine.strategies.at(0);
  EXPECT_EQ(s.contract.duration.count, 5);
  EXPECT_EQ(s.guards.cooldown, seconds(60));
  EXPECT_EQ(s.guards.hours.at(0).begin_s, 22 * 3600);
  EXPECT_EQ(s.guards.hours.at(0).end_s, 2 * 3600);
  EXPECT_EQ(s.guards.hours.at(0).weekdays, 0x7f);
}

TEST(Load, AGroupOfOneIsWarnedOf) {
  const auto c = good(
      R"({"strategies":[
        {"name":"a","type":"even_odd","symbol":"R_100","staking":{"base":0.5},"group":"majors"},
        {"name":"b","type":"even_odd","symbol":"R_100","staking":{"base":0.5},"group":"major"},
        {"name":"c","type":"even_odd","symbol":"R_100","staking":{"base":0.5},"group":"majors"},
        {"name":"d","type":"even_odd","symbol":"R_100","staking":{"base":0.5}}]})");
  EXPECT_EQ(c.engine.strategies.at(0).group, "majors");
  EXPECT_TRUE(c.engine.strategies.at(3).group.empty());
  ASSERT_EQ(c.warnings.size(), 1u);
  EXPECT_EQ(c.warnings[0].key, "strategies[1].group");
  EXPECT_EQ(c.warnings[0].reason,
            "no other strategy is of the group 'major', did you mean 'majors'?");
}

TEST(Load, OneContractForSeveralStrategiesIsWarnedOf) {
  const auto with = [](std::string_view limit, std::string_view second) {
    return good(fmt::format(
        R"({{"limits":{{"max_open_contracts":{}}},"strategies":[
        {{"name":"a","type":"even_odd","symbol":"R_100","staking":{{"base":0.5}}}},
        {{"name":"b","type":"even_odd","symbol":"R_100","staking":{{"base":0.5}}{}}}]}})",
        limit, second));
  };
  const auto c = with("1", "");
  ASSERT_EQ(c.warnings.size(), 1u);
  EXPECT_EQ(c.warnings[0].key, "limits.max_open_contracts");
  EXPECT_EQ(c.warnings[0].line, 1);
  EXPECT_THAT(c.warnings[0].reason, HasSubstr("1 for 2 strategies"));
  EXPECT_TRUE(with("2", "").warnings.empty());
  EXPECT_TRUE(with("null", "").warnings.empty());
  EXPECT_TRUE(with("1", R"(,"enabled":false)").warnings.empty());
}

TEST(Load, HoursOfAZone) {
  const auto c = good(
      R"({"strategies":[{"name":"a","type":"even_odd","symbol":"R_100","params":{"streak":2},
        "staking":{"base":0.5},
        "guards":{"hours":["Mon-Fri 08:00-20:00 Europe/Berlin","10:00-12:00 UTC","13:00-14:00"]}}]})");
  const auto& hours = c.engine.strategies.at(0).guards.hours;
  ASSERT_EQ(hours.size(), 3u);
  ASSERT_TRUE(hours[0].zone);
  EXPECT_EQ(hours[0].zone->offset_at({1'782'086'400}), 2 * 3600);  // 2026-06-22
  EXPECT_EQ(hours[0].begin_s, 8 * 3600);
  EXPECT_EQ(hours[0].weekdays, 0b0011111);
  EXPECT_FALSE(hours[1].zone);
  EXPECT_FALSE(hours[2].zone);
  EXPECT_EQ(print(hours),
            "[\"Mon,Tue,Wed,Thu,Fri 08:00-20:00 Europe/Berlin\", "
            "\"Mon,Tue,Wed,Thu,Fri,Sat,Sun 10:00-12:00 UTC\", "
            "\"Mon,Tue,Wed,Thu,Fri,Sat,Sun 13:00-14:00 UTC\"]");
}

TEST(Zones, AreThoseOfTheDirectory) {
  const auto empty = find_zone("Europe/Berlin", "/nonexistent");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().text,
            "time zone 'Europe/Berlin' cannot be looked up: /nonexistent holds none; install "
            "tzdata, or write it in UTC");
  EXPECT_EQ((*find_zone("America/New_York"))->offset_at({1'782'086'400}), -4 * 3600);
  for (const auto* name :
       {"", "Europe", "Europe/", "/Europe/Berlin", "tzdata.zi", "Europe//Berlin",
        "posix/../Europe/Berlin", "posix/Europe/Berlin", "right/Europe/Berlin"}) {
    EXPECT_FALSE(find_zone(name)) << name;
  }
}

TEST(Load, AnchorsRepeat) {
  const auto c = good(R"(
strategies:
  - &one
    name: a
    type: rise_fall
    symbol: R_100
    staking: &stakes { base: 0.35, plan: martingale }
  - name: b
    type: rise_fall
    symbol: R_50
    staking: *stakes
)");
  EXPECT_EQ(c.engine.strategies.at(1).staking.plan, "martingale");
}

TEST(Load, PlacesAreThoseOfTheValues) {
  const auto c = good(kFull);
  EXPECT_EQ(c.places.at("venue.api"), (Place{2, 8}));
  EXPECT_EQ(c.places.at("limits.daily_loss"), (Place{13, 15}));
  EXPECT_EQ(c.places.at("strategies[0]"), (Place{19, 5}));
  EXPECT_EQ(c.places.at("strategies[0].params.streak"), (Place{22, 23}));
  EXPECT_EQ(c.places.at("strategies[0].session.stop_loss"), (Place{25, 47}));
  EXPECT_EQ(c.places.count("venue.ca_file"), 0u) << "null is left out";
}

TEST(Load, JsonHasItsMillisecondsInQuotes) {
  const auto c = good(R"({"venue":{"app_id":"1089","anticipate":"20ms","paper":{"latency":"50ms"}},
      "strategies":[{"name":"s","type":"even_odd","symbol":"R_100","staking":{"base":0.35}}]})");
  EXPECT_EQ(c.venue.anticipate.count(), 20);
  EXPECT_EQ(c.venue.paper.latency.count(), 50);
}

TEST(Load, TheShippedFilesAreValid) {
  for (const auto* name : {"/config/demo.yaml", "/config/derivd.yaml"}) {
    const auto result = load_file(std::string(DERIVD_SOURCE) + name);
    EXPECT_TRUE(std::holds_alternative<Config>(result)) << name << "\n" << problems_text(result);
  }
  const auto demo = std::get<Config>(load_file(DERIVD_SOURCE "/config/demo.yaml"));
  ASSERT_EQ(demo.engine.strategies.size(), 2u);
  EXPECT_NE(demo.engine.strategies[0].symbol, demo.engine.strategies[1].symbol);
  for (const auto& s : demo.engine.strategies) EXPECT_TRUE(s.enabled);
  const auto real = std::get<Config>(load_file(DERIVD_SOURCE "/config/derivd.yaml"));
  EXPECT_EQ(real.venue.account, "demo");
  EXPECT_FALSE(real.venue.allow_real);
  const auto& l = real.engine.limits;
  EXPECT_TRUE(l.max_stake && l.max_open_contracts && l.max_open_stake && l.daily_loss &&
              l.daily_profit && l.max_trades_per_day && l.min_balance);
  for (const auto& s : real.engine.strategies) {
    EXPECT_TRUE(s.session.stop_loss && s.session.take_profit) << s.name.view();
  }
}

TEST(Load, ThePlaceOfAFileIsItsInstance) {
  EXPECT_EQ(instance_of("/etc/derivd/derivd.yaml"), "derivd");
  EXPECT_EQ(instance_of("/etc/derivd/two.yaml"), "two");
  for (const auto* other : {"two.yaml", "/etc/two.yaml", "/etc/derivd/two.yml",
                            "/etc/derivd/more/two.yaml", "/srv/etc/derivd/two.yaml", ""}) {
    EXPECT_EQ(instance_of(other), "") << other;
  }
  const auto demo = std::get<Config>(load_file(DERIVD_SOURCE "/config/demo.yaml"));
  EXPECT_EQ(demo.ctl, "derivctl");
}

// derivd.yaml names every key of the table, set or as a comment, and nothing else.
TEST(Load, TheExampleNamesEveryKey) {
  const auto text = test::read_file(DERIVD_SOURCE "/config/derivd.yaml");
  for (const auto& setting : settings()) {
    const auto key = setting.path.substr(setting.path.find_last_of(".") + 1);
    if (setting.path.find("contract.") != std::string_view::npos && key != "duration") continue;
    EXPECT_THAT(text, HasSubstr(std::string(key) + ":")) << setting.path;
  }
}

TEST(Load, FilesThatCannotBeRead) {
  test::TempDir dir;
  const auto reason = [](const std::string& path) {
    const auto result = load_file(path);
    const auto& problems = std::get<std::vector<Problem>>(result);
    EXPECT_EQ(problems.size(), 1u);
    return format(problems.at(0), path);
  };
  EXPECT_EQ(reason(dir.file("none")), dir.file("none") +
                                          ": the configuration file cannot be read: No such "
                                          "file or directory");
  EXPECT_THAT(reason(dir.path()), HasSubstr("not a regular file"));
  ASSERT_EQ(::mkfifo(dir.file("fifo").c_str(), 0600), 0);
  EXPECT_THAT(reason(dir.file("fifo")), HasSubstr("not a regular file"));
  test::write_file(dir.file("large"), std::string(kMaxFile + 1, ' '));
  EXPECT_THAT(reason(dir.file("large")), HasSubstr("more than 1024 KiB"));
  test::write_file(dir.file("endless"), std::string(5 * kMaxFile, ' '));
  EXPECT_THAT(reason(dir.file("endless")), HasSubstr("more than 1024 KiB"));
}

TEST(Load, ALargeFileOfCommentsIsFine) {
  std::string text(kSmall);
  while (text.size() < kMaxFile - 100)
    text += "# nothing nothing nothing nothing nothing nothing\n";
  good(text);
}

TEST(Load, TheCaFileMustBeThereAtThisMoment) {
  test::TempDir dir;
  const auto path = dir.file("ca.pem");
  const auto text = fmt::format("venue: {{ ca_file: {} }}\nstrategies: []\n", path);
  const auto problems = bad(text);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].key, "venue.ca_file");
  EXPECT_EQ(problems[0].column, 19);
  EXPECT_THAT(problems[0].reason, HasSubstr("No such file"));
  test::write_file(path, "x");
  EXPECT_THAT(bad(text).at(0).reason, HasSubstr("holds no certificate"));
  test::write_file(path, "a comment\n-----BEGIN CERTIFICATE-----\n");
  EXPECT_EQ(good(text).venue.ca_file, path);
  ::unlink(path.c_str());
  ::mkdir(path.c_str(), 0700);
  EXPECT_THAT(bad(text).at(0).reason, HasSubstr("not a file"));
}

TEST(Load, TheFormOfAProblem) {
  EXPECT_EQ(format({3, 14, "limits.max_stake", "why"}, "/etc/d.yaml"),
            "/etc/d.yaml:3:14: limits.max_stake: why");
  EXPECT_EQ(format({0, 0, "", "why"}, "f"), "f: why");
  EXPECT_EQ(format({3, 14, "strategies[1].symbol", "why", "trend"}, "f"),
            "f:3:14: strategies[1].symbol: why (strategy trend)");
}

TEST(Load, AProblemOfAStrategyHasItsName) {
  const auto problems = bad(R"(limits: { max_stake: -1 }
strategies:
  - { name: a, type: even_odd, symbol: R_100, staking: { base: 1 } }
  - { name: trend, type: even_odd, symbol: R_100, staking: { base: x }, guards: { max_open: 0 } }
  - { type: even_odd, symbol: R_100, staking: { base: y } }
)");
  std::vector<std::string> whose;
  for (const auto& p : problems) whose.push_back(p.key + "=" + p.strategy);
  EXPECT_THAT(whose, ::testing::UnorderedElementsAre(
                         "limits.max_stake=", "strategies[1].staking.base=trend",
                         "strategies[1].guards.max_open=trend",
                         "strategies[2].name=", "strategies[2].staking.base="));
}

TEST(Load, AmountsAreOfTheAccountsCurrency) {
  // The venue comes last on purpose: where it stands does not matter.
  const auto c = good(R"(limits: { max_stake: 0.0001, min_balance: 0.00000001 }
strategies:
  - name: a
    type: even_odd
    symbol: R_100
    params: { streak: 3 }
    staking: { base: 0.00001, max_stake: 0.00005 }
    session: { stop_loss: 0.001 }
venue: { currency: BTC, paper: { balance: 0.5 } }
)");
  EXPECT_EQ(c.venue.currency, "BTC");
  EXPECT_EQ(c.engine.money_decimals, 8);
  EXPECT_EQ(c.engine.limits.max_stake, Money::minor(10'000, 8));
  EXPECT_EQ(c.engine.limits.min_balance, Money::minor(1, 8));
  const auto& s = c.engine.strategies[0];
  EXPECT_EQ(s.staking.base, Money::minor(1'000, 8));
  EXPECT_EQ(s.staking.max_stake, Money::minor(5'000, 8));
  EXPECT_EQ(s.session.stop_loss, Money::minor(100'000, 8));
  EXPECT_EQ(c.venue.paper.balance, Money::minor(50'000'000, 8));
}

TEST(Load, AnAmountThatItsCurrencyCannotHaveIsAProblem) {
  const auto problems = bad(R"(venue: { currency: JPY }
strategies:
  - { name: a, type: even_odd, symbol: R_100, params: { streak: 3 }, staking: { base: 50.5 } }
)");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].key, "strategies[0].staking.base");
  EXPECT_THAT(problems[0].reason, HasSubstr("with no decimals"));
  const auto unknown = bad("venue: { currency: DOGE }\nstrategies: []\n");
  ASSERT_EQ(unknown.size(), 1u);
  EXPECT_EQ(unknown[0].key, "venue.currency");
  EXPECT_THAT(unknown[0].reason, HasSubstr("BTC"));
}

// ---- values ----

YamlNode scalar(std::string text, bool quoted = false) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.text = std::move(text);
  node.quoted = quoted;
  return node;
}

TEST(Values, Amounts) {
  EXPECT_EQ(read_amount(scalar("0.35")).value(), Money::minor(35));
  EXPECT_EQ(read_amount(scalar("5")).value(), Money::minor(500));
  EXPECT_EQ(read_amount(scalar("5.5")).value(), Money::minor(550));
  EXPECT_EQ(read_amount(scalar("5.500")).value(), Money::minor(550))
      << "trailing zeros lose nothing";
  EXPECT_EQ(read_amount(scalar("1000000000")).value(), most_amount(2));
  EXPECT_EQ(read_amount_or_zero(scalar("0")).value(), Money::minor(0));
  EXPECT_EQ(read_amount_or_zero(scalar("0.00")).value(), Money::minor(0));
  for (const auto* text : {"0",
                           "0.00",
                           "-1",
                           "-0.35",
                           "0.355",
                           "1e2",
                           "0x10",
                           ".nan",
                           "NaN",
                           "nan",
                           ".inf",
                           "inf",
                           "-.inf",
                           "Infinity",
                           "1,5",
                           "1_000",
                           "010",
                           "00.5",
                           ".5",
                           "5.",
                           "",
                           " ",
                           "1 ",
                           "+1",
                           "five",
                           "1000000000.01",
                           "99999999999999999999",
                           "0.3500000000000000000000001",
                           "1.2.3",
                           "--1",
                           "0b1",
                           "0o7",
                           "1:30",
                           "$5",
                           "5 USD"}) {
    EXPECT_FALSE(read_amount(scalar(text))) << text;
  }
  EXPECT_THAT(read_amount(scalar("-1")).error().text, HasSubstr("negative"));
  EXPECT_THAT(read_amount(scalar("0.355")).error().text, HasSubstr("more than 2 decimals"));
  EXPECT_THAT(read_amount(scalar("5", true)).error().text, HasSubstr("without quotes"));
}

TEST(Values, AmountsOfOtherDecimals) {
  EXPECT_EQ(read_amount(scalar("0.00001"), 8).value(), Money::minor(1000, 8));
  EXPECT_EQ(read_amount(scalar("150"), 0).value(), Money::minor(150, 0));
  EXPECT_EQ(read_amount(scalar("150.0"), 0).value(), Money::minor(150, 0));
  EXPECT_FALSE(read_amount(scalar("0.000000001"), 8));
  EXPECT_THAT(read_amount(scalar("0.5"), 0).error().text, HasSubstr("with no decimals"));
  EXPECT_EQ(read_amount(scalar("1000000"), 8).value(), most_amount(8));
  EXPECT_FALSE(read_amount(scalar("1000000.00000001"), 8));
}

TEST(Values, Spans) {
  const auto read = [](const char* text) {
    return read_span(scalar(text), seconds(0), seconds(7 * 86400));
  };
  EXPECT_EQ(read("0s").value(), seconds(0));
  EXPECT_EQ(read("90s").value(), seconds(90));
  EXPECT_EQ(read("10m").value(), seconds(600));
  EXPECT_EQ(read("1h").value(), seconds(3600));
  EXPECT_EQ(read("7d").value(), seconds(7 * 86400));
  for (const auto* text : {"", "0", "5", "s", "1.5h", "-1s", "8d", "1w", "1ms", "1 s", "5M",
                           "99999999999999999999s", "999999999999999d"}) {
    EXPECT_FALSE(read(text)) << text;
  }
  EXPECT_FALSE(read_span(scalar("0s"), seconds(1), seconds(10)));
}

TEST(Values, TimesOfDay) {
  EXPECT_EQ(read_time_of_day(scalar("00:00 UTC")).value(), seconds(0));
  EXPECT_EQ(read_time_of_day(scalar("23:59")).value(), seconds(86340));
  for (const auto* text :
       {"24:00 UTC", "00:60", "0:00", "00:00 CET", "00:00  UTC", "12", "", "ab:cd", "00:00:00"}) {
    EXPECT_FALSE(read_time_of_day(scalar(text))) << text;
  }
}

TEST(Values, Hours) {
  const auto read = [](const char* text) {
    YamlNode list;
    list.kind = YamlNode::Kind::kList;
    list.items.push_back(scalar(text, true));
    return read_hours(list);
  };
  const auto is = [&](const char* text, unsigned days, int begin, int end) {
    const auto hours = read(text);
    ASSERT_TRUE(hours) << text;
    EXPECT_EQ(hours->at(0).weekdays, days) << text;
    EXPECT_EQ(hours->at(0).begin_s, begin * 60) << text;
    EXPECT_EQ(hours->at(0).end_s, end * 60) << text;
  };
  is("Mon-Fri 08:00-20:00 UTC", 0b0011111, 480, 1200);
  is("Mon-Fri 08:00-20:00", 0b0011111, 480, 1200);
  is("Sat,Sun 10:30-12:00 UTC", 0b1100000, 630, 720);
  is("Fri-Mon 00:00-24:00 UTC", 0b1110001, 0, 1440);
  is("Wed 22:00-02:00 UTC", 0b0000100, 1320, 120);
  is("Mon,Wed-Thu 00:00-00:01", 0b0001101, 0, 1);
  is("Mon-Sun 22:00-24:00", 0b1111111, 1320, 1440);
  is("22:00-24:00 UTC", 0b1111111, 1320, 1440);
  for (const auto* text :
       {"", "Mon-Fri", "Mon 08:00", "08:00-08:00", "24:00-02:00", "Montag 08:00-09:00",
        "mon 08:00-09:00", "Mon-Fri 8:00-9:00", "Mon- 08:00-09:00", ", 08:00-09:00",
        "Mon, 08:00-09:00", "Mon-Fri 08:00-20:00 MEZ", "Mon-Fri  08:00-20:00", "08:00-25:00"}) {
    EXPECT_FALSE(read(text)) << text;
  }
}

TEST(Values, Printing) {
  EXPECT_EQ(print(seconds(0)), "0s");
  EXPECT_EQ(print(seconds(90)), "90s");
  EXPECT_EQ(print(seconds(600)), "10m");
  EXPECT_EQ(print(seconds(7200)), "2h");
  EXPECT_EQ(print(seconds(86400)), "1d");
  EXPECT_EQ(print(std::vector<risk::Hours>{{0b0011111, 28800, 72000}}),
            "[\"Mon,Tue,Wed,Thu,Fri 08:00-20:00 UTC\"]");
  EXPECT_EQ(print_time_of_day(seconds(23400)), "06:30 UTC");
}

// ---- guesses ----

using core::distance;
using core::nearest;

TEST(Nearest, Distances) {
  EXPECT_EQ(distance("", ""), 0);
  EXPECT_EQ(distance("abc", ""), 3);
  EXPECT_EQ(distance("", "ab"), 2);
  EXPECT_EQ(distance("kitten", "sitting"), 3);
  EXPECT_EQ(distance("abcd", "acbd"), 1) << "neighbours exchanged";
  EXPECT_EQ(distance("ca", "abc"), 3) << "optimal string alignment";
  EXPECT_EQ(distance("Max_Stake", "max_stake"), 0);
}

TEST(Nearest, OnlyWhatIsNear) {
  constexpr std::array<std::string_view, 4> kWords{"max_stake", "max_open_stake", "daily_loss",
                                                   "api"};
  EXPECT_EQ(nearest("max_steak", kWords), "max_stake");
  EXPECT_EQ(nearest("daily_los", kWords), "daily_loss");
  EXPECT_EQ(nearest("MAX-STAKE", kWords), "max_stake");
  EXPECT_EQ(nearest("apii", kWords), "api");
  EXPECT_EQ(nearest("daily", kWords), "daily_loss") << "begun rightly";
  EXPECT_EQ(nearest("max", kWords), std::nullopt) << "two begin so";
  EXPECT_EQ(nearest("colour", kWords), std::nullopt);
  EXPECT_EQ(nearest("", kWords), std::nullopt);
  EXPECT_EQ(nearest(std::string(1000, 'x'), kWords), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
}

// ---- the table ----

TEST(Table, KeysAreUniqueAndExplained) {
  std::set<std::string_view> seen;
  for (const auto& s : settings()) {
    EXPECT_TRUE(seen.insert(s.path).second) << s.path;
    EXPECT_FALSE(s.allowed.empty()) << s.path;
    EXPECT_GT(s.help.size(), 8u) << s.path;
    EXPECT_FALSE(s.fallback.empty()) << s.path;
  }
  EXPECT_EQ(seen.size(), 111u);
}

TEST(Table, ShownDefaultsAreTheDefaults) {
  auto c = good(kSmall);
  const Target global{c};
  const Target one{c, &c.engine.strategies[0]};
  for (const auto& s : settings()) {
    if (s.fallback == kRequired || s.path == "strategies[].params") continue;
    const auto& target = s.path.starts_with("strategies[]") ? one : global;
    const auto shown_value = s.show(target);
    if (s.path == "strategies[].guards.hours") {
      EXPECT_EQ(shown_value, "[]");
    } else {
      EXPECT_EQ(shown_value, s.fallback) << s.path;
    }
  }
}

TEST(Table, TheReferenceHasEverything) {
  const auto text = reference_text();
  for (const auto& s : settings()) EXPECT_THAT(text, HasSubstr("\n" + std::string(s.path) + "\n"));
  for (const auto type : available_types())
    EXPECT_THAT(text, HasSubstr("\n" + std::string(type) + "\n"));
  for (const auto plan : available_plans())
    EXPECT_THAT(text, HasSubstr("\n" + std::string(plan) + "\n"));
  EXPECT_THAT(text, HasSubstr("params.streak: "));
  EXPECT_THAT(text, HasSubstr("1HZ100V"));
}

// ---- reload ----

std::string changed(const std::string& from, const std::string& to) {
  auto text = std::string(kFull);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Diff, NothingChanged) {
  EXPECT_THAT(diff(good(kFull), good(std::string("# a comment\n") + std::string(kFull))),
              IsEmpty());
  EXPECT_THAT(diff(good(kFull), good(changed("max_stake: 5.00", "max_stake: 5"))), IsEmpty())
      << "the same amount";
}

TEST(Diff, EachClassOfChange) {
  struct Case {
    const char *from, *to, *key, *before, *after;
    Reload reload;
    Place place;
  };
  const Case cases[] = {
      {"max_stake: 5.00",
       "max_stake: 6.00",
       "limits.max_stake",
       "5.00",
       "6.00",
       Reload::kLive,
       {10, 14}},
      {"  daily_loss: 20.00\n", "", "limits.daily_loss", "20.00", "null", Reload::kLive, {0, 0}},
      {"factor: 2.1",
       "factor: 2.2",
       "strategies[parity].staking.factor",
       "2.1",
       "2.2",
       Reload::kWhenFlat,
       {24, 54}},
      {"streak: 3",
       "streak: 4",
       "strategies[parity].params",
       "{ streak: 3 }",
       "{ streak: 4 }",
       Reload::kWhenFlat,
       {22, 13}},
      {"app_id: \"33uslq\"",
       "app_id: other",
       "venue.app_id",
       "33uslq",
       "other",
       Reload::kReconnect,
       {3, 11}},
      {"account: real",
       "account: demo",
       "venue.account",
       "real",
       "demo",
       Reload::kRestart,
       {4, 12}},
      {"path: /var/lib/x.db",
       "path: /tmp/y",
       "store.path",
       "/var/lib/x.db",
       "/tmp/y",
       Reload::kRestart,
       {28, 16}},
      {"06:30 UTC",
       "07:00 UTC",
       "limits.day_starts",
       "06:30 UTC",
       "07:00 UTC",
       Reload::kRestart,
       {17, 15}},
      {"pause: 10m",
       "pause: 20m",
       "strategies[parity].guards.after_losses.pause",
       "10m",
       "20m",
       Reload::kLive,
       {26, 76}},
      {"enabled: false",
       "enabled: true",
       "strategies[parity].enabled",
       "false",
       "true",
       Reload::kLive,
       {27, 14}},
  };
  for (const auto& c : cases) {
    const auto changes = diff(good(kFull), good(changed(c.from, c.to)));
    ASSERT_EQ(changes.size(), 1u) << c.key;
    EXPECT_EQ(changes[0].key, c.key);
    EXPECT_EQ(changes[0].before, c.before);
    EXPECT_EQ(changes[0].after, c.after);
    EXPECT_EQ(changes[0].reload, c.reload) << c.key;
    EXPECT_EQ(changes[0].place, c.place)
        << c.key << " " << changes[0].place.line << ":" << changes[0].place.column;
  }
}

TEST(Diff, WhatAReloadCannotChangeIsNamedWithItsPlaceAndTheRemedy) {
  const auto before = good(kFull);
  const auto live = good(changed("max_stake: 5.00", "max_stake: 6.00"));
  EXPECT_THAT(refusals(diff(before, live), live), IsEmpty());
  const auto moved = good(changed("path: /var/lib/x.db", "path: /tmp/y"));
  auto problems = refusals(diff(before, moved), moved);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(format(problems[0], "f"),
            "f:28:16: store.path: /tmp/y instead of /var/lib/x.db: a reload cannot change it; "
            "restart the daemon, which keeps contracts, sessions and steps");
  // A key that the new file leaves out: the place of its section.
  const auto gone = good(changed("  account: real\n", ""));
  problems = refusals(diff(before, gone), gone);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].key, "venue.account");
  EXPECT_EQ(problems[0].line, gone.places.at("venue").line);
}

TEST(Diff, StrategiesAreMatchedByName) {
  const auto one = good(kSmall);
  const auto two = good(R"(strategies:
  - { name: b, type: even_odd, symbol: R_10, staking: { base: 1 } }
  - { name: a, type: rise_fall, symbol: R_100, staking: { base: 0.35 } }
)");
  auto changes = diff(one, two);
  ASSERT_EQ(changes.size(), 1u) << "moving a strategy down is no change";
  EXPECT_EQ(changes[0].key, "strategies[b]");
  EXPECT_EQ(changes[0].after, "added");
  EXPECT_EQ(changes[0].place, (Place{2, 5}));
  changes = diff(two, one);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].key, "strategies[b]");
  EXPECT_EQ(changes[0].before, "removed");
  EXPECT_EQ(changes[0].reload, Reload::kLive);
}

TEST(Load, AProxyIsAnAddressWithoutALogin) {
  const auto with = [](const std::string& url) {
    return fmt::format("venue: {{ proxy: \"{}\" }}\nstrategies: []\n", url);
  };
  EXPECT_EQ(good(with("http://proxy.example:3128/")).venue.proxy, "http://proxy.example:3128");
  EXPECT_EQ(good(with("http://[::1]:3128")).venue.proxy, "http://[::1]:3128");
  EXPECT_EQ(good("venue: { proxy: null }\nstrategies: []\n").venue.proxy, std::nullopt);
  EXPECT_TRUE(good("strategies: []\n").notify.webhook_proxy);
  for (const auto* url : {"http://me:hunter2@proxy:1", "me:hunter2@proxy:1", "http://hunter2@x"}) {
    const auto problems = bad(with(url));
    ASSERT_EQ(problems.size(), 1u) << url;
    EXPECT_EQ(problems[0].reason.find("hunter2"), std::string::npos) << problems[0].reason;
  }
}

}  // namespace
}  // namespace derivd::config
