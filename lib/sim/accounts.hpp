// Owns the accounts of the simulated venue: the tokens that open them, what is shown of their
// money, the rows of their statements and which of their contracts are open. Whoever buys, pays or
// deposits tells it; it writes each movement into the ledger in the same step. It never sends
// anything, and whether a contract is won is not its business. One thread.
//
// What always holds (CHECK): the balance shown is the sum of the statement's rows, no purchase
// makes it negative, and a contract is bought once and paid once.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "sim/calls.hpp"
#include "sim/ledger.hpp"
#include "sim/limits.hpp"
#include "venue/book.hpp"

namespace derivd::sim {

inline constexpr std::size_t kMaxRows = 100'000;       // statement rows kept per account
inline constexpr std::size_t kMaxOpenContracts = 100;  // per account

struct TokenSpec {
  std::string token;
  Dialect dialect = Dialect::kOptions;
  std::vector<std::string> scopes;
  bool real = false;
  bool same = false;  // another token of the account before it, which has its own scopes
  /// "TOKEN[:scope,scope][:real][:same]"; a token that starts with pat_ is of the options dialect.
  /// Default scopes: options trade; v3 read,trade,trading_information.
  static core::Result<TokenSpec> parse(std::string_view text);
  bool has(std::string_view scope) const;
};

/// A row of a statement.
struct StatementRow {
  std::string_view action;  // buy, sell, deposit
  core::TransactionId id;
  core::TransactionId reference;
  core::ContractId contract;
  core::Money amount;
  core::Money balance;
  core::VenueTime at;
};

/// Anybody reads it and counts calls against its limits; Accounts alone moves its money.
class Account final {
 public:
  Account(TokenSpec opened_by, std::int64_t number, venue::AccountIndex index);

  const std::string& name() const { return name_; }
  std::int64_t number() const { return number_; }
  venue::AccountIndex index() const { return index_; }
  bool real() const { return token_.real; }
  /// As shown; the book pays earlier than the venue shows it.
  core::Money balance() const { return balance_; }
  /// Oldest first, at most kMaxRows.
  const std::deque<StatementRow>& rows() const { return rows_; }
  /// Bought and not shown as paid: in the order of purchase, expired ones included.
  const std::vector<core::ContractId>& open() const { return open_; }

  /// Counts a call of any of its connections; false: its budget is used up.
  bool admit(std::string_view call, core::Instant now) { return limits_->admit(call, now); }
  bool admit_rest(core::Instant now) { return rest_.admit(now); }

 private:
  friend class Accounts;
  TokenSpec token_;
  std::string name_;
  std::int64_t number_;
  venue::AccountIndex index_;
  core::Money balance_;
  std::unique_ptr<CallLimits> limits_;
  RateWindow rest_ = rest_user_limit();
  std::deque<StatementRow> rows_;
  std::vector<core::ContractId> open_;
};

/// A token, and whose it is. The account is never null.
struct Grant {
  TokenSpec token;
  Account* account = nullptr;
  bool valid = true;
};

class Accounts final {
 public:
  struct Options {
    core::Money balance;  // of every account
    core::VenueTime start;
    core::TransactionId first;  // the book's first; what opens an account is numbered below it
  };
  /// Opens an account for each token that is not another one's, in `book` and in `ledger`, which
  /// outlives this.
  Accounts(const std::vector<TokenSpec>& tokens, const Options& options, venue::Book& book,
           Ledger& ledger);

  /// In the order of their tokens, which is that of the book; places never move.
  const std::vector<std::unique_ptr<Account>>& all() const { return accounts_; }
  const std::vector<std::unique_ptr<Grant>>& grants() const { return grants_; }
  Account& at(std::size_t index);
  const Account& at(std::size_t index) const;
  /// Null: nobody's.
  const Account* find(std::string_view name) const;
  Grant* grant_by_token(std::string_view token);
  /// Whether any token of the account is valid.
  bool token_valid(const Account& account) const;
  /// Every token is valid again.
  void restore_tokens();

  /// Money from outside, also less than nothing: shown, booked and in the ledger.
  void deposit(Account& account, core::Money amount, venue::Book& book, core::VenueTime now);
  /// The account pays the stake. The balance covers it, and there is room for the contract (CHECK).
  void bought(Account& account, const venue::Contract& contract, core::VenueTime now);
  /// The account gets what the book has paid for an open contract. `resale`: before its end.
  void paid(Account& account, const venue::Contract& contract, bool resale, core::VenueTime now);

 private:
  void open(const TokenSpec& token, std::int64_t number, const Options& options, venue::Book& book);
  static void add_row(Account& account, const StatementRow& row);

  Ledger& ledger_;
  std::vector<std::unique_ptr<Account>> accounts_;
  std::vector<std::unique_ptr<Grant>> grants_;
};

}  // namespace derivd::sim
