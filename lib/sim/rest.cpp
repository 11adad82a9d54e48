#include "sim/rest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/connections.hpp"
#include "sim/json.hpp"

namespace derivd::sim {
namespace {

constexpr std::string_view kAccounts = "/trading/v1/options/accounts";
constexpr std::string_view kSockets = "/trading/v1/options/ws/";
constexpr std::string_view kV3 = "/websockets/v3";
constexpr std::string_view kNickname = "/account/v1/nickname";
constexpr std::string_view kHealth = "/v1/health";

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

std::string_view query_value(std::string_view target, std::string_view name) {
  auto mark = target.find('?');
  while (mark != std::string_view::npos) {
    target.remove_prefix(mark + 1);
    const auto end = target.find('&');
    const auto pair = target.substr(0, end);
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) == name)
      return equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    mark = end;
  }
  return {};
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// A client behind a proxy is led back through it.
bool is_authority(std::string_view host) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]";
  return !host.empty() && host.find_first_not_of(kPlain) == std::string_view::npos;
}

std::string meta(const HttpCall& call) {
  JsonOut out;
  // A constant: the same seed gives the same bytes.
  out.begin_object().text("endpoint", path_of(call.target)).text("method", call.method);
  return out.integer("timing", 3).end_object().take();
}

HttpAnswer data_answer(const HttpCall& call, std::string_view data) {
  JsonOut out;
  out.begin_object().raw("data", data).raw("meta", meta(call)).end_object();
  return {200, out.take()};
}

HttpAnswer rest_error(const HttpCall& call, int status, std::string_view code,
                      std::string_view message) {
  JsonOut out;
  out.begin_object().key("errors").begin_array().begin_object();
  out.text("code", code).text("message", message).integer("status", status).end_object();
  out.end_array().raw("meta", meta(call)).end_object();
  return {status, out.take()};
}

HttpAnswer nickname(const HttpCall& call) {
  JsonOut out;
  out.begin_object().key("data").begin_object();
  out.text("external_reference_id", "00000000-0000-4000-8000-000000000000");
  out.text("nickname", "derivsim").end_object().key("errors").begin_array().end_array();
  out.raw("metadata", meta(call)).end_object();
  return {200, out.take()};
}

}  // namespace

bool Rest::known_app(std::string_view app_id) const {
  if (app_id.empty()) return false;
  if (app_ids_.empty()) return true;
  return std::find(app_ids_.begin(), app_ids_.end(), app_id) != app_ids_.end();
}

void Rest::note_answer(const HttpCall& call, const HttpAnswer& answer) const {
  JsonOut out;
  const bool json = answer.body.starts_with("{");
  out.begin_object().raw("body", json ? answer.body : sim::quoted(answer.body));
  out.integer("status", answer.status).text("target", path_of(call.target)).end_object();
  parts_.transcript.note("out", "rest", 0, out.str());
}

HttpAnswer Rest::answer(const HttpCall& call, core::Now now) {
  HttpAnswer answer = answer_call(call, now);
  if (!parts_.transcript.kept()) return answer;
  JsonOut in;
  in.begin_object().text("method", call.method).text("target", call.target).end_object();
  parts_.transcript.note("in", "rest", 0, in.str());
  note_answer(call, answer);
  return answer;
}

HttpAnswer Rest::answer_call(const HttpCall& call, core::Now now) {
  const auto path = path_of(call.target);
  if (parts_.terms.rate_limits && !address_.admit(now.instant))
    return rest_error(call, 429, "RateLimit", "Rate limit exceeded");
  bool broken_otp = false, expire = false;
  for (const Fault& f : parts_.faults.on({Direction::kRest, last_part(path), "options"})) {
    if (f.kind == FaultKind::kBadOtp) broken_otp = true;
    if (f.kind == FaultKind::kExpireToken) expire = true;
    if (f.kind != FaultKind::kError) continue;
    const auto status = Json::number(f.code).as_int().value_or(500);
    return rest_error(call, static_cast<int>(status),
                      status == 429 ? "RateLimit" : "InternalServerError", f.message);
  }
  if (path == kHealth && call.method == "GET") return {200, "OK"};

  constexpr std::string_view kBearer = "Bearer ";
  if (!call.authorization.starts_with(kBearer))
    return rest_error(call, 401, "Unauthorized", "Authorization header is required");
  const auto token = std::string_view(call.authorization).substr(kBearer.size());
  if (!token.starts_with("pat_") && !token.starts_with("ory_at_"))
    return rest_error(call, 401, "Unauthorized", "Invalid token format");
  if (call.app_id.empty())
    return rest_error(call, 401, "Unauthorized", "Deriv-App-ID header is required for PAT tokens");
  if (!known_app(call.app_id)) return rest_error(call, 401, "Unauthorized", "Invalid application");
  Grant* grant = parts_.accounts.grant_by_token(token);
  if (grant != nullptr && expire) grant->valid = false;
  if (grant == nullptr || !grant->valid)
    return rest_error(call, 401, "Unauthorized", "Invalid or expired token");
  Account* a = grant->account;
  if (parts_.terms.rate_limits && !a->admit_rest(now.instant))
    return rest_error(call, 429, "RateLimit", "Rate limit exceeded");

  if (path == kNickname && call.method == "GET") {
    if (!grant->token.has("account_manage"))
      return rest_error(call, 403, "AccessDenied", "Insufficient scope");
    return nickname(call);
  }
  const bool accounts = path.starts_with(kAccounts);
  if (accounts && !grant->token.has("trade"))
    return rest_error(call, 403, "AccessDenied", "Insufficient scope");
  if (path == kAccounts && call.method == "GET") return accounts_list(call, *a);
  if (accounts && call.method == "POST" && path.ends_with("/otp"))
    return issue_otp(call, *grant, broken_otp, now);
  if (accounts && call.method == "POST" && path.ends_with("/reset-demo-balance"))
    return reset_balance(call, *a, now);
  return rest_error(call, 404, "NotFound", "Not found");
}

HttpAnswer Rest::accounts_list(const HttpCall& call, const Account& a) const {
  JsonOut out;
  out.begin_array().begin_object().text("account_id", a.name());
  out.text("account_type", a.real() ? "real" : "demo").raw("balance", number(a.balance()));
  out.text("currency", parts_.terms.currency.view()).text("group", "row").text("status", "active");
  out.end_object().end_array();
  return data_answer(call, out.str());
}

HttpAnswer Rest::issue_otp(const HttpCall& call, Grant& grant, bool broken, core::Now now) {
  const Account& a = *grant.account;
  if (path_of(call.target) != fmt::format("{}/{}/otp", kAccounts, a.name()))
    return rest_error(call, 400, "AccountNotFound", "Account not found");
  const std::string otp = parts_.ids.next();
  parts_.otps.issue(otp, grant, now.instant, broken);
  const auto base = is_authority(call.host) ? "wss://" + call.host : base_;
  JsonOut out;
  out.begin_object().text(
      "url", fmt::format("{}{}{}?otp={}", base, kSockets, a.real() ? "real" : "demo", otp));
  return data_answer(call, out.end_object().str());
}

HttpAnswer Rest::reset_balance(const HttpCall& call, Account& a, core::Now now) {
  if (path_of(call.target) != fmt::format("{}/{}/reset-demo-balance", kAccounts, a.name()))
    return rest_error(call, 404, "AccountNotFound", "Account not found");
  if (a.real()) return rest_error(call, 400, "BadInputRequest", "Only demo accounts can be reset");
  if (const auto missing = parts_.terms.balance - a.balance(); !missing.is_zero()) {
    parts_.accounts.deposit(a, missing, parts_.book, now.venue);
    parts_.publisher.balance(a, now);
  }
  JsonOut out;
  out.begin_object().text("account_id", a.name()).text("account_type", "demo");
  out.raw("balance", number(a.balance()))
      .text("currency", parts_.terms.currency.view())
      .text("status", "active");
  return data_answer(call, out.end_object().str());
}

// ---- sockets ----

HttpAnswer Rest::upgrade(const HttpCall& call, std::size_t connections, core::Now now) {
  HttpAnswer answer = answer_upgrade(call, connections, now);
  if (answer.status != 101 && parts_.transcript.kept()) note_answer(call, answer);
  return answer;
}

HttpAnswer Rest::answer_upgrade(const HttpCall& call, std::size_t connections, core::Now now) {
  const auto path = path_of(call.target);
  const bool v3 = path == kV3;
  const auto name = v3 ? std::string_view("v3") : last_part(path);
  for (const Fault& f : parts_.faults.on({Direction::kUpgrade, name, v3 ? "v3" : "options"})) {
    if (f.kind != FaultKind::kRefuseUpgrade) continue;
    return rest_error(call, static_cast<int>(f.amount),
                      f.amount == 401 ? "Unauthorized" : "InternalError",
                      "Refused by the simulator's faults");
  }
  if (connections >= kMaxConnections)
    return rest_error(call, 503, "InternalError", "Too many connections");
  if (v3) return {101};
  if (!path.starts_with(kSockets)) return rest_error(call, 404, "NotFound", "Not found");
  if (name == "public") {
    if (call.target != path && !query_value(call.target, "otp").empty())
      return rest_error(call, 400, "ValidationError", "Invalid request");
    return {101};
  }
  if (name != "demo" && name != "real") return rest_error(call, 404, "NotFound", "Not found");
  const auto otp = query_value(call.target, "otp");
  if (otp.empty()) return rest_error(call, 400, "ValidationError", "OTP parameter is required");
  if (!parts_.otps.spend(otp, name == "real", now.instant))
    return rest_error(call, 401, "Unauthorized", "Invalid or expired OTP token");
  return {101};
}

Rest::Opening Rest::opening(std::string_view target) const {
  const bool v3 = path_of(target) == kV3;
  if (!v3) return {Dialect::kOptions, parts_.otps.grant_of(query_value(target, "otp")), true};
  const auto app = query_value(target, "app_id");
  const bool digits =
      !app.empty() && app.size() <= 10 &&
      std::all_of(app.begin(), app.end(), [](char ch) { return ch >= '0' && ch <= '9'; });
  return {Dialect::kV3, nullptr, digits && known_app(app)};
}

}  // namespace derivd::sim
