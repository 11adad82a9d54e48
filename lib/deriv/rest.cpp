#include "deriv/rest.hpp"

#include <fmt/format.h>

#include <cstring>

#include "deriv/json.hpp"

namespace derivd::deriv::rest {
namespace {

using core::Result;
using json::bad;
using json::broken;
using json::each_element;
using json::each_field;
using json::read;
using json::require;
using json::Status;
using json::Value;

constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxErrors = 16;

/// One document in a padded copy, which is wiped: the body may hold a password.
class Document {
 public:
  explicit Document(std::string_view body)
      : text_(body.size() + simdjson::SIMDJSON_PADDING, '\0'), size_(body.size()) {
    if (!body.empty()) std::memcpy(text_.data(), body.data(), body.size());
  }
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  ~Document() { ::explicit_bzero(text_.data(), text_.size()); }

  template <class Each>
  Status each(Each&& each) {
    const simdjson::padded_string_view view(text_.data(), size_, text_.size());
    json::ondemand::document document;
    if (const auto e = parser_.iterate(view).get(document)) return broken("answer", e);
    json::ondemand::object object;
    if (const auto e = document.get_object().get(object)) return broken("answer", e);
    DERIV_TRY(each_field(object, "answer", std::forward<Each>(each)));
    if (!json::at_end(document)) return bad("answer", "has text after its end");
    return {};
  }

 private:
  std::string text_;
  std::size_t size_;
  json::ondemand::parser parser_;
};

Status decode_account(Value value, Account& out) {
  std::optional<core::ShortString<32>> id;
  std::optional<core::ShortString<20>> currency;
  std::optional<std::string_view> type;
  std::optional<std::string_view> status;
  std::optional<core::Decimal> balance;
  DERIV_TRY(each_field(value, "data", [&](std::string_view key, Value v) -> Status {
    if (key == "account_id") return read(v, "data.account_id", id);
    if (key == "currency") return read(v, "data.currency", currency);
    if (key == "account_type") return read(v, "data.account_type", type);
    // A balance that cannot be read is no reason to refuse the account: nothing is decided by it.
    if (key == "balance" && !read(v, "data.balance", balance)) balance.reset();
    if (key == "status") return read(v, "data.status", status);
    return {};
  }));
  DERIV_TRY(require("data.account_id", id));
  DERIV_TRY(require("data.currency", currency));
  DERIV_TRY(require("data.account_type", type));
  DERIV_TRY(require("data.status", status));
  if (*type != "demo" && *type != "real")
    return bad("data.account_type", "is neither demo nor real");
  out = {*id, *currency, *type == "real", *status == "active", balance};
  return {};
}

}  // namespace

Result<std::vector<Account>> decode_accounts(std::string_view body) {
  std::vector<Account> out;
  bool found = false;
  Document document(body);
  DERIV_TRY(document.each([&](std::string_view key, Value v) -> Status {
    if (key != "data") return {};
    if (found) return bad("data", "appears twice");
    found = true;
    return each_element(v, "data", kMaxAccounts, [&](Value item) -> Status {
      return decode_account(item, out.emplace_back());
    });
  }));
  if (!found) return bad("data", "is missing");
  return out;
}

Result<std::string> decode_otp_url(std::string_view body) {
  std::optional<std::string> url;
  Document document(body);
  DERIV_TRY(document.each([&](std::string_view key, Value v) -> Status {
    if (key != "data") return {};
    return each_field(v, "data", [&](std::string_view inner, Value item) -> Status {
      if (inner != "url") return {};
      if (url) return bad("data.url", "appears twice");
      std::optional<std::string_view> text;
      DERIV_TRY(read(item, "data.url", text));
      if (text->size() > kMaxUrl) return bad("data.url", "is too long");
      url = std::string(*text);
      return {};
    });
  }));
  if (!url) return bad("data.url", "is missing");
  return std::move(*url);
}

Result<Refusal> decode_refusal(std::string_view body) {
  std::optional<Refusal> out;
  Document document(body);
  DERIV_TRY(document.each([&](std::string_view key, Value v) -> Status {
    if (key != "errors") return {};
    return each_element(v, "errors", kMaxErrors, [&](Value item) -> Status {
      std::optional<core::ShortString<64>> code;
      std::optional<core::Text> message;
      DERIV_TRY(each_field(item, "errors", [&](std::string_view inner, Value text) -> Status {
        if (inner == "code") return json::read_cut(text, "errors.code", code);
        if (inner == "message") return json::read_cut(text, "errors.message", message);
        return {};
      }));
      DERIV_TRY(require("errors.code", code));
      if (!out) out = Refusal{*code, message ? *message : core::Text{}};
      return {};
    });
  }));
  if (!out) return bad("errors", "is missing");
  return *out;
}

}  // namespace derivd::deriv::rest
