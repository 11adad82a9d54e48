#include "sim/accounts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"

namespace derivd::sim {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const auto comma = text.find(',');
    out.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

const std::vector<std::string>& scopes_of(Dialect d) {
  static const std::vector<std::string> options{"trade", "account_manage", "application_read",
                                                "payment"};
  static const std::vector<std::string> v3{"read", "trade", "trading_information", "payments",
                                           "admin"};
  return d == Dialect::kOptions ? options : v3;
}

}  // namespace

core::Result<TokenSpec> TokenSpec::parse(std::string_view text) {
  TokenSpec out;
  const auto colon = text.find(':');
  out.token = std::string(text.substr(0, colon));
  if (!is_token(out.token))
    return core::invalid("a token is 1 to 128 letters, digits, '-' and '_'");
  out.dialect = out.token.starts_with("pat_") ? Dialect::kOptions : Dialect::kV3;
  if (out.token == "pat_") return core::invalid("'pat_' alone is no token");
  while (colon != std::string_view::npos) {
    text.remove_prefix(text.find(':') + 1);
    const auto next = text.find(':');
    const auto part = text.substr(0, next);
    if (part == "real" && !out.real) {
      out.real = true;
    } else if (part == "same" && !out.same) {
      out.same = true;
    } else if (!out.scopes.empty()) {
      return core::invalid("expected TOKEN[:scope,scope][:real][:same]");
    } else {
      out.scopes = split_list(part);
      for (const auto& scope : out.scopes)
        if (!contains(scopes_of(out.dialect), scope))
          return core::invalid(fmt::format("'{}' is no scope of the {} dialect: {}", scope,
                                           name_of(out.dialect),
                                           fmt::join(scopes_of(out.dialect), ", ")));
    }
    if (next == std::string_view::npos) break;
  }
  if (out.scopes.empty()) {
    if (out.dialect == Dialect::kOptions)
      out.scopes = {"trade"};
    else
      out.scopes = {"read", "trade", "trading_information"};
  }
  return out;
}

bool TokenSpec::has(std::string_view scope) const { return contains(scopes, scope); }

Account::Account(TokenSpec opened_by, std::int64_t number, venue::AccountIndex index)
    : token_(std::move(opened_by)), number_(number), index_(index) {
  const bool v3 = token_.dialect == Dialect::kV3;
  // Shapes: VRTC… demo, CR… real; DOT and digits on the current API.
  name_ = v3 ? fmt::format("{}{}", token_.real ? "CR" : "VRTC", number)
             : fmt::format("DOT{}", number * 10 + (token_.real ? 1 : 0));
  if (v3)
    limits_ = std::make_unique<V3Limits>();
  else
    limits_ = std::make_unique<OptionsLimits>();
}

Accounts::Accounts(const std::vector<TokenSpec>& tokens, const Options& options, venue::Book& book,
                   Ledger& ledger)
    : ledger_(ledger) {
  std::int64_t number = 9'000'000;
  for (const auto& token : tokens) {
    const bool same =
        token.same && !accounts_.empty() && accounts_.back()->token_.dialect == token.dialect;
    if (!same) open(token, ++number, options, book);
    auto grant = std::make_unique<Grant>();
    grant->token = token;
    grant->account = accounts_.back().get();
    grants_.push_back(std::move(grant));
  }
}

void Accounts::open(const TokenSpec& token, std::int64_t number, const Options& options,
                    venue::Book& book) {
  const auto index = static_cast<venue::AccountIndex>(accounts_.size());
  auto a = std::make_unique<Account>(token, number, index);
  a->balance_ = options.balance;
  const auto booked = book.add_account(a->name(), options.balance);
  DERIVD_CHECK(booked == index, "the book numbers accounts as they are opened here");
  ledger_.account(a->name(), a->balance(), options.start);
  add_row(*a, {"deposit",
               {options.first.value - 1 - index},
               {},
               {},
               a->balance(),
               a->balance(),
               options.start});
  accounts_.push_back(std::move(a));
}

Account& Accounts::at(std::size_t index) {
  DERIVD_CHECK(index < accounts_.size(), "no such account");
  return *accounts_[index];
}
const Account& Accounts::at(std::size_t index) const {
  DERIVD_CHECK(index < accounts_.size(), "no such account");
  return *accounts_[index];
}

const Account* Accounts::find(std::string_view name) const {
  for (const auto& a : accounts_)
    if (a->name() == name) return a.get();
  return nullptr;
}

Grant* Accounts::grant_by_token(std::string_view token) {
  for (auto& g : grants_)
    if (g->token.token == token) return g.get();
  return nullptr;
}

bool Accounts::token_valid(const Account& account) const {
  return std::any_of(grants_.begin(), grants_.end(),
                     [&](const auto& g) { return g->account == &account && g->valid; });
}

void Accounts::restore_tokens() {
  for (auto& g : grants_) g->valid = true;
}

void Accounts::add_row(Account& account, const StatementRow& row) {
  auto& rows = account.rows_;
  DERIVD_CHECK(row.balance == account.balance(), "a row shows the balance");
  DERIVD_CHECK(rows.empty() || rows.back().balance + row.amount == row.balance,
               "a statement adds up");
  rows.push_back(row);
  if (rows.size() > kMaxRows) rows.pop_front();
}

void Accounts::deposit(Account& account, core::Money amount, venue::Book& book,
                       core::VenueTime now) {
  account.balance_ += amount;
  book.set_balance(account.index(), book.account(account.index()).balance + amount);
  add_row(account, {"deposit",
                    {static_cast<std::int64_t>(1'000'000'000 + account.rows_.size())},
                    {},
                    {},
                    amount,
                    account.balance(),
                    now});
  ledger_.deposit(account.name(), amount, account.balance(), now);
}

void Accounts::bought(Account& account, const venue::Contract& contract, core::VenueTime now) {
  auto& open = account.open_;
  DERIVD_CHECK(contract.account == account.index(), "an account buys its own contracts");
  DERIVD_CHECK(contract.stake <= account.balance(), "an account pays with what it has");
  DERIVD_CHECK(open.size() < kMaxOpenContracts, "an account holds so many contracts at most");
  DERIVD_CHECK(std::find(open.begin(), open.end(), contract.id) == open.end(),
               "a contract is bought once");
  account.balance_ -= contract.stake;
  open.push_back(contract.id);
  add_row(account,
          {"buy", contract.buy_tx, {}, contract.id, -contract.stake, account.balance(), now});
  ledger_.buy(account.name(), contract, account.balance());
}

void Accounts::paid(Account& account, const venue::Contract& contract, bool resale,
                    core::VenueTime now) {
  DERIVD_CHECK(contract.phase == venue::Phase::kSettled, "the book pays before it is shown");
  const auto erased = std::erase(account.open_, contract.id);
  DERIVD_CHECK(erased == 1, "an open contract is paid, and once");
  account.balance_ += contract.sell_price;
  add_row(account, {"sell", contract.sell_tx, contract.buy_tx, contract.id, contract.sell_price,
                    account.balance(), now});
  ledger_.paid(account.name(), contract, resale, now, account.balance());
}

}  // namespace derivd::sim
