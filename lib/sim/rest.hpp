// Owns REST of the current API, and who may open which socket: its budget of calls for one address,
// and the address under which clients are led to a socket. The venue asks it at each HTTP request
// and each upgrade. It opens no connection itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "sim/accounts.hpp"
#include "sim/calls.hpp"
#include "sim/draw.hpp"
#include "sim/faults.hpp"
#include "sim/limits.hpp"
#include "sim/otps.hpp"
#include "sim/publisher.hpp"
#include "sim/terms.hpp"
#include "sim/transcript.hpp"
#include "venue/book.hpp"

namespace derivd::sim {

struct HttpCall {
  std::string method;
  std::string target;
  std::string authorization;  // header, "" when absent
  std::string app_id;         // header deriv-app-id, "" when absent
  std::string host = {};      // header host: by which name the client reaches us, or a proxy
};
struct HttpAnswer {
  int status = 200;
  std::string body = {};
};

class Rest final {
 public:
  /// What it asks and changes; all outlive it.
  struct Parts {
    const Terms& terms;
    Faults& faults;
    Accounts& accounts;
    OneTimePasswords& otps;
    venue::Book& book;
    Publisher& publisher;
    const Transcript& transcript;
    Ids& ids;  // of one-time passwords
  };
  /// `app_ids`: those that are known; none: any is.
  Rest(const Parts& parts, std::vector<std::string> app_ids)
      : parts_(parts), app_ids_(std::move(app_ids)) {}

  /// "wss://127.0.0.1:PORT", for the URLs that come with one-time passwords.
  void set_base(std::string wss_base) { base_ = std::move(wss_base); }

  HttpAnswer answer(const HttpCall& call, core::Now now);
  /// 101, or what to answer instead. `connections`: how many there are.
  HttpAnswer upgrade(const HttpCall& call, std::size_t connections, core::Now now);

  /// What a socket that was upgraded is.
  struct Opening {
    Dialect dialect = Dialect::kOptions;
    Grant* grant = nullptr;  // whose one-time password opened it
    bool known_app = true;   // v3: false: it is to be told so and closed
  };
  Opening opening(std::string_view target) const;

 private:
  HttpAnswer answer_call(const HttpCall& call, core::Now now);
  HttpAnswer answer_upgrade(const HttpCall& call, std::size_t connections, core::Now now);
  HttpAnswer issue_otp(const HttpCall& call, Grant& grant, bool broken, core::Now now);
  HttpAnswer reset_balance(const HttpCall& call, Account& a, core::Now now);
  HttpAnswer accounts_list(const HttpCall& call, const Account& a) const;
  bool known_app(std::string_view app_id) const;
  void note_answer(const HttpCall& call, const HttpAnswer& answer) const;

  Parts parts_;
  std::vector<std::string> app_ids_;
  std::string base_ = "wss://127.0.0.1";
  RateWindow address_ = rest_address_limit();
};

}  // namespace derivd::sim
