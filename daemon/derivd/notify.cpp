#include "derivd/notify.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include "common/trades.hpp"
#include "core/counted.hpp"
#include "core/printable.hpp"
#include "risk/day.hpp"
#include "service/credential.hpp"

namespace derivd::daemon {

using core::EventKind;
using core::Notice;
using core::NoticeKind;
using service::Outbox;

namespace {

/// Of an answer's body: the reason for a refusal stands in it, in less than this.
constexpr std::size_t kReplyPrefix = 1024;
/// Whoever may ask for tests may not flood a receiver with them.
constexpr core::Duration kBetweenTests = std::chrono::seconds(3);
/// Of Telegram's words about a refusal.
constexpr std::size_t kMaxDescription = 200;

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// Telegram and chat programs show what is posted to many: the end of the id is enough.
std::string shortened(std::string_view account) {
  if (account.empty() || account == kPaperAccount) return std::string(account);
  return fmt::format("…{}", account.substr(account.size() > 4 ? account.size() - 4 : 0));
}

std::optional<NoticeKind> kind_of(const core::Event& event) {
  switch (event.kind) {
    case EventKind::kStrategyHalted:
    case EventKind::kOperatorHalt:
    case EventKind::kAccountLimit:
      return NoticeKind::kHalt;
    case EventKind::kStrategyWaits:
      return NoticeKind::kWaits;
    case EventKind::kSymbolSilent:
      return NoticeKind::kSilent;
    case EventKind::kOrderUnknown:
    case EventKind::kOrderResolved:
      return NoticeKind::kUnknown;
    case EventKind::kOrderAmbiguous:
      return NoticeKind::kAmbiguous;
    case EventKind::kSettlementMismatch:
      return NoticeKind::kMismatch;
    case EventKind::kSessionRefused:
    case EventKind::kAccountHeld:
      return NoticeKind::kRefused;
    case EventKind::kJournalProblem:
      return NoticeKind::kJournal;
    default:
      return std::nullopt;
  }
}

Notice notice_of(NoticeKind kind, const core::Event& event) {
  Notice n;
  n.kind = kind;
  n.text = service::line_of(event);
  n.strategy = event.strategy.str();
  n.symbol = event.symbol.str();
  if (event.contract_id.value != 0) n.contract = std::to_string(event.contract_id.value);
  if (event.order_id.value != 0) n.order = std::to_string(event.order_id.value);
  if (event.stake) n.stake = event.stake->to_string();
  if (event.profit) n.profit = event.profit->to_string();
  n.reason = event.reason.str();
  return n;
}

std::string duration_text(core::Duration d) {
  const auto s = std::chrono::duration_cast<std::chrono::seconds>(d).count();
  if (s < 120) return fmt::format("{} s", s);
  return s < 7200 ? fmt::format("{} min", s / 60) : fmt::format("{} h", s / 3600);
}

std::string dump(const nlohmann::ordered_json& body) {
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// `text` is what Slack and Mattermost show, `content` what Discord does; both take what else is
/// there.
std::string webhook_body(const Notice& n, std::string_view kind, const std::string& text) {
  nlohmann::ordered_json body;
  body["text"] = text;
  body["content"] = text;
  body["source"] = "derivd";
  body["kind"] = kind;
  const auto add = [&body](const char* key, const std::string& value) {
    if (!value.empty()) body[key] = value;
  };
  add("strategy", n.strategy);
  add("symbol", n.symbol);
  add("contract_id", n.contract);
  add("order_id", n.order);
  add("stake", n.stake);
  add("profit", n.profit);
  add("reason", n.reason);
  add("account", n.account);
  if (n.account == kPaperAccount) body["mode"] = "paper";
  add("host", n.host);
  add("time", n.time);
  return dump(body);
}

std::string telegram_body(const std::string& chat, const std::string& text) {
  return dump({{"chat_id", chat}, {"text", text}, {"disable_web_page_preview", true}});
}

std::string notice_text_of(const Notice& n, const config::NotifySettings& settings) {
  const auto& own = settings.templates.at(static_cast<std::size_t>(n.kind));
  return core::render(own.value_or(n.account.empty() ? "derivd on {host}: {text}"
                                                     : "derivd {account} on {host}: {text}"),
                      n);
}

core::Event problem(std::string_view label, std::string_view text) {
  core::Event event;
  event.kind = EventKind::kNotifyProblem;
  event.text = core::Text::truncated(fmt::format("{}: {}", label, text));
  event.reason = core::Text::truncated(text);
  return event;
}

std::optional<core::Secret> read_secret(service::Log& log, std::string_view name, bool is_url) {
  auto secret = service::read_optional(name);
  std::string_view wrong;
  if (!secret) {
    wrong = secret.error().text;
  } else if (*secret) {
    log.hide(**secret);
    if (!is_url || net::Url::parse((*secret)->reveal())) return std::move(*secret);
    wrong = "is no https:// address";
  } else {
    return std::nullopt;
  }
  log.write(problem(fmt::format("credential \"{}\"", name), wrong));
  return std::nullopt;
}

struct TelegramWords {
  std::string description;
  core::Duration retry_after{};
};

/// Telegram says in its answer's body why, and with 429 for how long nothing more is taken
/// (core.telegram.org/bots/api, "Making requests"). Anything else in it means nothing.
TelegramWords telegram_words(const std::string& body) {
  TelegramWords out;
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  if (!answer.is_object()) return out;
  if (const auto it = answer.find("description"); it != answer.end() && it->is_string()) {
    out.description =
        core::printable(core::cut_utf8(it->get_ref<const std::string&>(), kMaxDescription));
  }
  const auto more = answer.find("parameters");
  if (more == answer.end() || !more->is_object()) return out;
  if (const auto it = more->find("retry_after"); it != more->end() && it->is_number_unsigned()) {
    const auto seconds = std::min<std::uint64_t>(it->get<std::uint64_t>(), 86'400);
    out.retry_after = std::chrono::seconds(static_cast<std::int64_t>(seconds));
  }
  return out;
}

struct Verdict {
  Outbox::Fate fate = Outbox::Fate::kDelivered;
  std::string reason;
  core::Duration wait{};  // that the receiver asked for
};

Verdict verdict_of(const boost::system::result<net::HttpResponse, net::LinkError>& result,
                   bool telegram) {
  if (!result) return {Outbox::Fate::kRetry, result.error().error.text, {}};
  const int status = result->status;
  if (status >= 200 && status < 300) return {};
  const bool later = status >= 500 || status == 429 || status == 408;
  Verdict out{later ? Outbox::Fate::kRetry : Outbox::Fate::kRefused,
              fmt::format("the receiver answered with HTTP status {}", status),
              {}};
  if (telegram) {
    const auto said = telegram_words(result->body);
    if (!said.description.empty()) out.reason += fmt::format(": {}", said.description);
    out.wait = said.retry_after;
  }
  return out;
}

}  // namespace

NotifySecrets read_notify_secrets(service::Log& log) {
  return {read_secret(log, "telegram-token", false), read_secret(log, "webhook-url", true)};
}

/// One address to which notices go, one exchange at a time.
class Notifications::Receiver {
 public:
  Receiver(std::string label, core::Secret url, net::Route route, std::string chat,
           std::int64_t per_hour, core::Rng& rng)
      : label_(std::move(label)),
        url_(std::move(url)),
        route_(std::move(route)),
        chat_(std::move(chat)),
        per_hour_(per_hour),
        outbox_(static_cast<std::uint32_t>(per_hour), rng) {}

  bool same(const Receiver& other) const {
    return label_ == other.label_ && url_.reveal() == other.url_.reveal() &&
           route_.tls.ca_file == other.route_.tls.ca_file && proxy() == other.proxy() &&
           chat_ == other.chat_ && per_hour_ == other.per_hour_;
  }

  /// Sends what is due. `done` is called later, never from here.
  template <class Done>
  void send(Notifications& owner, Done done) {
    const auto now = owner.now_().instant;
    const auto* notice = outbox_.next(now);
    if (notice == nullptr) return;
    auto url = net::Url::parse(url_.reveal());
    if (!url) {  // checked at start; its text would quote the address
      owner.report(label_, outbox_.done(Outbox::Fate::kRefused, "the address is none", now));
      return;
    }
    exchange_ = net::fetch(owner.io_,
                           request(std::move(*url), *notice, core::name_of(notice->kind),
                                   notice_text_of(*notice, owner.settings_)),
                           route_, net::Timeouts{}, std::move(done));
  }

  /// A message that no queue knows, of the kind "test". Nothing: the address is none.
  template <class Done>
  std::unique_ptr<net::HttpExchange> send_test(Notifications& owner, const Notice& notice,
                                               Done done) const {
    auto url = net::Url::parse(url_.reveal());
    if (!url) return nullptr;
    return net::fetch(owner.io_, request(std::move(*url), notice, "test", notice.text), route_,
                      net::Timeouts{}, std::move(done));
  }

  std::optional<std::string> done(
      const boost::system::result<net::HttpResponse, net::LinkError>& result, core::Instant now) {
    const auto verdict = verdict_of(result, is_telegram());
    return outbox_.done(verdict.fate, verdict.reason, now, verdict.wait);
  }

  bool is_telegram() const { return !chat_.empty(); }
  Outbox& outbox() { return outbox_; }
  const std::string& label() const { return label_; }

 private:
  net::HttpRequest request(net::Url url, const Notice& notice, std::string_view kind,
                           const std::string& text) const {
    net::HttpRequest out;
    out.method = "POST";
    out.url = std::move(url);
    out.headers.push_back({"Content-Type", "application/json"});
    out.body = is_telegram() ? telegram_body(chat_, text) : webhook_body(notice, kind, text);
    out.body_prefix = kReplyPrefix;
    return out;
  }
  std::string proxy() const {
    return route_.proxy ? route_.proxy->host + ":" + route_.proxy->port : std::string{};
  }

  std::string label_;
  core::Secret url_;
  net::Route route_;
  std::string chat_;  // empty: a webhook
  std::int64_t per_hour_;
  Outbox outbox_;
  std::unique_ptr<net::HttpExchange> exchange_;
};

Notifications::Notifications(boost::asio::io_context& io, NotifySecrets secrets, core::Rng& rng,
                             std::function<core::Now()> now)
    : io_(io),
      secrets_(std::move(secrets)),
      rng_(rng),
      now_(std::move(now)),
      timer_(io),
      host_(host_name()) {}
Notifications::~Notifications() = default;

void Notifications::configure(const config::NotifySettings& settings,
                              std::chrono::seconds day_starts, service::Log& log) {
  settings_ = settings;
  day_starts_ = day_starts;
  log_ = &log;
  std::vector<std::unique_ptr<Receiver>> wanted;
  const auto route = [this](const std::optional<std::string>& ca_file, bool through_proxy) {
    return net::Route(net::TlsSettings{ca_file.value_or("")},
                      through_proxy ? proxy_ : std::optional<net::Proxy>{});
  };
  auto webhook = secrets_.webhook_url ? secrets_.webhook_url->clone()
                                      : core::Secret(settings.webhook_url.value_or(""));
  if (!webhook.empty()) {
    log.hide(webhook);
    wanted.push_back(std::make_unique<Receiver>(
        "webhook", std::move(webhook), route(settings.webhook_ca_file, settings.webhook_proxy), "",
        settings.max_per_hour, rng_));
  }
  if (settings.telegram_chat_id && secrets_.telegram_token) {
    // Not with fmt, whose buffer would keep the token.
    std::string address;
    constexpr std::string_view kBefore = "/bot";
    constexpr std::string_view kAfter = "/sendMessage";
    const auto token = secrets_.telegram_token->reveal();
    address.reserve(settings.telegram_endpoint.size() + kBefore.size() + token.size() +
                    kAfter.size());
    address.append(settings.telegram_endpoint).append(kBefore).append(token).append(kAfter);
    core::Secret url(std::move(address));
    wanted.push_back(std::make_unique<Receiver>(
        "Telegram", std::move(url), route(settings.telegram_ca_file, settings.telegram_proxy),
        *settings.telegram_chat_id, settings.max_per_hour, rng_));
  } else if (settings.telegram_chat_id) {
    report("Telegram", "the credential \"telegram-token\" is missing: nothing is sent there");
  }
  for (auto& receiver : wanted) {
    for (auto& old : receivers_) {
      if (old && old->same(*receiver)) {
        receiver = std::move(old);
        break;
      }
    }
  }
  // Another address of the same kind: what did not get through to the former one goes there.
  for (auto& receiver : wanted) {
    for (auto& old : receivers_) {
      if (old && old->label() == receiver->label()) receiver->outbox().inherit(old->outbox());
    }
  }
  receivers_ = std::move(wanted);
  later();
}

void Notifications::report(std::string_view label, const std::optional<std::string>& text) {
  if (text) log_->write(problem(label, *text));
}

void Notifications::on_event(const core::Event& event) {
  if (!event.account.empty()) account_ = shortened(event.account.view());
  if (receivers_.empty()) return;
  if (const auto kind = kind_of(event)) tell(notice_of(*kind, event));
}

void Notifications::on_append(std::span<const execution::Record> event, core::Duration, bool) {
  for (const auto& record : event) {
    const auto* day = std::get_if<execution::DayRecord>(&record);
    if (day == nullptr) continue;
    if (day_ && day->day > day_->day) ended_day_ = day_;
    day_ = *day;
  }
}

void Notifications::tick(const Trader& trader) {
  if (receivers_.empty()) return;
  watch_connection(trader);
  summary(trader);
}

void Notifications::watch_connection(const Trader& trader) {
  const auto now = now_().instant;
  if (trader.state() == deriv::SessionState::kLive || trader.stopping()) {
    if (told_offline_ && !trader.stopping()) {
      Notice n;
      n.kind = NoticeKind::kConnected;
      n.text = fmt::format("trading is possible again after {}",
                           duration_text(now - offline_since_.value_or(now)));
      tell(std::move(n));
    }
    told_offline_ = false;
    offline_since_.reset();
    return;
  }
  if (!offline_since_) offline_since_ = now;
  if (told_offline_ || now - *offline_since_ < settings_.disconnected_after) return;
  told_offline_ = true;
  Notice n;
  n.kind = NoticeKind::kDisconnected;
  n.reason = trader.problem();
  n.text = fmt::format("no trading for {}: session {}{}", duration_text(now - *offline_since_),
                       deriv::name_of(trader.state()),
                       trader.problem().empty() ? "" : ": " + trader.problem());
  tell(std::move(n));
}

void Notifications::summary(const Trader& trader) {
  if (!ended_day_) return;
  const auto day = *std::exchange(ended_day_, std::nullopt);
  if (!settings_.daily_summary) return;
  Notice n;
  n.kind = NoticeKind::kSummary;
  n.profit = day.settled_profit.to_string();
  const auto begin = risk::day_begin(day.day, day_starts_);
  n.text = fmt::format("day of {}: profit {}, {}", iso_time(begin).substr(0, 10), n.profit,
                       core::counted(day.trades, "trade"));
  const auto view = trader.engine().account();
  if (view.balance) n.text += fmt::format("; balance {}", view.balance->to_string());
  n.text += fmt::format("; {} open", view.open_contracts);
  for (const auto& s : trader.engine().strategies()) {
    n.text += fmt::format("; {} {}, session {}", s.name.view(), engine::name_of(s.status),
                          s.profit.to_string());
  }
  tell(std::move(n));
}

core::Notice Notifications::completed(Notice notice, const core::Now& now) const {
  // Reasons are words of the venue, which may repeat what it was sent.
  notice.text = log_->clean(notice.text);
  notice.reason = log_->clean(notice.reason);
  notice.account = account_;
  notice.host = host_;
  notice.time = iso_time(core::VenueTime{now.wall.us / 1'000'000});
  return notice;
}

core::Result<void> Notifications::test() {
  const auto refused = [](std::string text) {
    return core::Error{core::ErrorKind::kRefused, std::move(text)};
  };
  if (receivers_.empty()) {
    return refused(
        "nobody is told: the section notify of the configuration in force names no webhook and no "
        "Telegram chat that can be used, and no credential does; derivd(8) tells how to set them");
  }
  const auto now = now_();
  if (const auto waits = unanswered(); !waits.empty()) {
    return refused(fmt::format(
        "the test before is not over: it waits for {}, a minute at most; try again then", waits));
  }
  if (const auto left = tested_at_ ? *tested_at_ + kBetweenTests - now.instant : core::Duration{};
      left.count() > 0) {
    return refused(
        fmt::format("a test was made just now, and no receiver is to be flooded with them: "
                    "try again in {} s",
                    std::chrono::ceil<std::chrono::seconds>(left).count()));
  }
  tested_at_ = now.instant;
  trials_.clear();
  Notice n;
  n = completed(std::move(n), now);
  n.text = fmt::format("derivd on {}: a test: messages of derivd arrive here", n.host);
  for (const auto& receiver : receivers_) {
    auto& trial = *trials_.emplace_back(std::make_unique<Trial>());
    trial.receiver = receiver->label();
    trial.exchange = receiver->send_test(
        *this, n, [this, &trial, telegram = receiver->is_telegram()](const auto& result) {
          const auto verdict = verdict_of(result, telegram);
          trial.state = verdict.fate == Outbox::Fate::kDelivered ? "delivered" : "failed";
          trial.reason = log_->clean(verdict.reason);
        });
    if (trial.exchange == nullptr) {
      trial.state = "failed";
      trial.reason = "the address is none";
    }
  }
  return {};
}

std::string Notifications::unanswered() const {
  std::string out;
  for (const auto& trial : trials_) {
    if (trial->state != "waiting") continue;
    out += fmt::format("{}{}", out.empty() ? "" : " and ", trial->receiver);
  }
  return out;
}

nlohmann::ordered_json Notifications::test_result() const {
  auto out = nlohmann::ordered_json::array();
  for (const auto& trial : trials_) {
    out.push_back({{"receiver", trial->receiver},
                   {"state", trial->state},
                   {"reason", trial->reason.empty() ? nlohmann::ordered_json(nullptr)
                                                    : nlohmann::ordered_json(trial->reason)}});
  }
  return out;
}

void Notifications::tell(Notice notice) {
  const auto now = now_();
  notice = completed(std::move(notice), now);
  for (auto& receiver : receivers_) receiver->outbox().push(notice, now.instant);
  later();
}

/// From the loop: whoever told an event goes on first.
void Notifications::later() {
  if (std::exchange(pump_posted_, true)) return;
  boost::asio::post(io_, [this, still = std::weak_ptr<bool>(alive_)] {
    if (!still.expired()) pump();
  });
}

void Notifications::pump() {
  pump_posted_ = false;
  std::optional<core::Instant> at;
  for (auto& receiver : receivers_) {
    auto* address = receiver.get();
    receiver->send(*this, [this, address](const auto& result) {
      // A reload may have taken the receiver away meanwhile; its exchange went with it.
      report(address->label(), address->done(result, now_().instant));
      later();
    });
    const auto due = receiver->outbox().next_deadline(now_().instant);
    if (due && (!at || *due < *at)) at = due;
  }
  if (!at) return;
  timer_.expires_at(std::chrono::steady_clock::time_point(core::Duration(at->ns)));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) later();
  });
}

void Notifications::last_words() {
  const auto until = std::chrono::steady_clock::now() + kLastWords;
  const auto due = [this] {
    return std::any_of(receivers_.begin(), receivers_.end(), [this](const auto& receiver) {
      const auto now = now_().instant;
      const auto at = receiver->outbox().next_deadline(now);
      return receiver->outbox().under_way() || (at && *at <= now);
    });
  };
  while (due() && std::chrono::steady_clock::now() < until) {
    io_.restart();
    pump();
    if (io_.run_one_until(until) == 0) return;
  }
}

}  // namespace derivd::daemon
