// The one home of MESSAGE_ID, level and catalog text of each kind of journal entry. The ids are
// random 128-bit numbers, made once; they never change, since users filter by them.
#include <fmt/format.h>

#include <array>

#include "core/check.hpp"
#include "service/log.hpp"

namespace derivd::service {
namespace {

using core::EventKind;

constexpr std::array<MessageInfo, core::kEventKindCount> kMessages{{
    {EventKind::kStarting, "fc7962244895403b9b5b08ba04ba24e5", Level::kInfo, "derivd is starting",
     "The daemon has begun to start: it reads its configuration and its\n"
     "credential, opens the journal and continues where that journal ended.\n"
     "\n"
     "Nothing needs to be done. If no \"ready\" entry follows, the entries after\n"
     "this one say why."},
    {EventKind::kReady, "8de78c44b3184628919e0e23587c432e", Level::kNotice, "derivd is ready",
     "The configuration is valid, the credential was read, the journal is open and\n"
     "recovered, and the loop turns. The connection to Deriv is made from here on.\n"
     "\n"
     "Nothing needs to be done. \"derivd wait-online\" waits until trading is\n"
     "possible."},
    {EventKind::kStopping, "5b2a176357ec46a4a4d689d00efb7958", Level::kNotice, "derivd is stopping",
     "A stop was asked for, by systemd or by a signal. No new purchase is made\n"
     "from here on; purchases in flight are resolved within stop_timeout.\n"
     "\n"
     "Nothing needs to be done."},
    {EventKind::kStopped, "95f01f37be3a4f53bf279dfe8bc53c84", Level::kNotice, "derivd has stopped",
     "The daemon has written its state and ended. The entry names the contracts\n"
     "that are still open: they run on at Deriv and are settled there with or\n"
     "without derivd.\n"
     "\n"
     "Nothing needs to be done. At the next start those contracts are picked up\n"
     "again. Set \"on_stop: wait\" to have a stop wait for them."},
    {EventKind::kConfigInvalid, "6420ba883f0b4bd7ac38038ce14a2bb0", Level::kError,
     "The configuration is invalid",
     "The configuration file was not accepted: @DERIVD_REASON@\n"
     "\n"
     "At a start the daemon ends with exit code 78 and is not restarted; at a\n"
     "reload it goes on with the configuration that it has.\n"
     "\n"
     "Correct the file at the line and column given and ask \"derivctl check\"\n"
     "for all problems at once; then start or reload. derivd.yaml(5) explains\n"
     "each key."},
    {EventKind::kCredentialProblem, "4c39cd48831a45f2ae3daa792de52c28", Level::kError,
     "The token could not be read",
     "The credential \"token\" is missing, unreadable or malformed: @DERIVD_REASON@\n"
     "\n"
     "The daemon ends with exit code 66 and is not restarted. The likely cause is\n"
     "that no token was stored yet, or that the unit has no LoadCredential= for\n"
     "it.\n"
     "\n"
     "\"derivctl setup\" stores a token, readable by root alone; \"derivctl doctor\"\n"
     "says what is wrong with the one that is there. Then start the service."},
    {EventKind::kSessionState, "2e14e48a57c44f7c8855f6b262418bf6", Level::kInfo,
     "The session with Deriv is now @DERIVD_STATE@",
     "The session passed from one state to the next. It trades only in the state\n"
     "\"live\", which \"derivctl status\" calls connected; whether it is real money is\n"
     "another matter.\n"
     "\n"
     "Nothing needs to be done."},
    {EventKind::kSessionLost, "05e6a081bda04a05ab4388229ab25f82", Level::kWarning,
     "The connection to Deriv was lost",
     "The connection ended or an attempt to connect failed: @DERIVD_REASON@\n"
     "\n"
     "The daemon connects again by itself, with growing waits of at most half a\n"
     "minute. No new purchase is made meanwhile. Contracts that are open run on at\n"
     "Deriv and are reconciled when the connection is back. The likely causes are\n"
     "this machine's network, its resolver, or maintenance at Deriv.\n"
     "\n"
     "If it lasts, look at the reason above and at \"derivctl status\": it tells the\n"
     "step that fails."},
    {EventKind::kSessionRefused, "5ea69bccde7b4a77b105f2c4a7f0022d", Level::kError,
     "Deriv refused the token or the account",
     "Deriv answered in a way that no repetition can change: @DERIVD_REASON@\n"
     "\n"
     "The daemon ends with exit code 77 and is not restarted. The likely causes\n"
     "are a token that was revoked or has expired, a token without the scopes read\n"
     "and trade or with a forbidden one, an account that does not exist or is\n"
     "disabled, or a real account without \"allow_real: true\".\n"
     "\n"
     "\"derivctl token check\" says what Deriv says. Make a new token and hand it\n"
     "over with \"derivctl token set\", then start the service. Tokens that begin\n"
     "with pat_ are made and deleted in the dashboard at developers.deriv.com,\n"
     "with the scope trade alone; those of the v3 API at\n"
     "app.deriv.com/account/api-token, with Read, Trade and Trading information.\n"
     "\n"
     "If the token may have leaked, delete it there first: from then on nobody can\n"
     "use it, and contracts that are open are not affected. Then compare \"derivctl\n"
     "trades\" with Deriv's own statement for what somebody else may have bought."},
    {EventKind::kAccountHeld, "7e87297885efa4537bdeaf397e5131d6", Level::kError,
     "Another derivd holds the account or its journal",
     "Two daemons on one account would each know half of its risk, so one of them\n"
     "has to go: @DERIVD_REASON@\n"
     "\n"
     "This daemon ends with exit code 75. It has bought nothing. systemd starts it\n"
     "again every few seconds until the other one has gone, or gives up after its\n"
     "limit of starts. The token is good. The likely causes are a second instance\n"
     "with a token of the same account, or a derivd that was started by hand.\n"
     "\n"
     "\"systemctl status 'derivd*'\" shows the daemons of this machine. Stop the\n"
     "other one, or give this one a token of another account with \"derivctl token\n"
     "set\" (for an instance, with --name). \"derivctl doctor\" says the same of a\n"
     "unit that waits for it."},
    {EventKind::kAccount, "8c8353d1f4714bc2b987e5f4cf092577", Level::kNotice,
     "Authorised for account @DERIVD_ACCOUNT@",
     "Deriv accepted the token. The entry names the account, its currency and its\n"
     "balance.\n"
     "\n"
     "Check that it is the account you mean to trade with; venue.account in the\n"
     "configuration chooses it."},
    {EventKind::kFrameRefused, "dac7db595f934808a9fb3fdce15a782f", Level::kWarning,
     "A message from Deriv could not be understood",
     "A frame was malformed, lacked a field that it must have, or carried a quote\n"
     "that is none (0 or less): @DERIVD_REASON@\n"
     "\n"
     "It was not used; nothing was guessed from it. A quote is left out alone, and\n"
     "counted (quotes_refused in \"derivctl --json status\"); those beside it are\n"
     "taken. A purchase whose answer was lost this way is treated as unknown and\n"
     "resolved by evidence. The likely cause is a change at Deriv.\n"
     "\n"
     "If it repeats, look for a newer version of derivd, or report it with this\n"
     "entry."},
    {EventKind::kRateLimited, "c763b21ca0384d0896130f3f34015210", Level::kWarning,
     "Deriv limits the rate of requests",
     "Deriv refused a request because too many were made: @DERIVD_REASON@\n"
     "\n"
     "The daemon slows down by itself. The likely cause is that other programs use\n"
     "the same account or application id at the same time, or that very many\n"
     "strategies run.\n"
     "\n"
     "Use an application id of your own, and run fewer programs on the account."},
    {EventKind::kSignalDropped, "38a18876ef9642beada061a752dc528d", Level::kDebug,
     "Strategy @DERIVD_STRATEGY@ could not act on a signal",
     "A signal came while the strategy may not enter: @DERIVD_REASON@\n"
     "\n"
     "Signals are never queued; this one is gone. Nothing needs to be done."},
    {EventKind::kOrderDenied, "7c5075839d384efebf3b190c5f65b71e", Level::kInfo,
     "A limit kept strategy @DERIVD_STRATEGY@ from buying",
     "The purchase would have passed a limit of the configuration: @DERIVD_REASON@\n"
     "\n"
     "Nothing was sent to Deriv. This is what the limit is for. \"derivctl\n"
     "strategies\" shows the last decision of each strategy."},
    {EventKind::kOrderSent, "12dd75d9b26c46768f51a6d817857533", Level::kInfo,
     "Strategy @DERIVD_STRATEGY@ sends order @DERIVD_ORDER_ID@",
     "The intent is on disk and the purchase goes to Deriv, for at most the stake\n"
     "given.\n"
     "\n"
     "An entry with the same DERIVD_ORDER_ID tells how it ended."},
    {EventKind::kOrderRefused, "6ee31417133c4ad3bd113a020c520c93", Level::kWarning,
     "Deriv refused order @DERIVD_ORDER_ID@",
     "Deriv did not sell the contract: @DERIVD_REASON@\n"
     "\n"
     "No money was taken. Likely causes are a price that moved, a market that is\n"
     "closed, a stake that the market does not accept, or a balance that is too\n"
     "small. After each refusal in a row the strategy waits longer; a refusal that\n"
     "cannot pass by itself halts it, which a further entry says. A raised stake\n"
     "that is refused does what the plan's cap does (on_cap).\n"
     "\n"
     "Compare the reason with the strategy's contract and stake in the\n"
     "configuration."},
    {EventKind::kContractBought, "602e090a1f0c4453823c33f7451a320e", Level::kNotice,
     "Contract @DERIVD_CONTRACT_ID@ was bought",
     "Deriv confirmed the purchase of strategy @DERIVD_STRATEGY@.\n"
     "\n"
     "\"journalctl DERIVD_CONTRACT_ID=@DERIVD_CONTRACT_ID@\" tells its whole life."},
    {EventKind::kOrderUnknown, "86756e1697b640d983e132cadd37d386", Level::kWarning,
     "It is not known whether order @DERIVD_ORDER_ID@ was executed",
     "The purchase was sent, but no proof came back of what became of it:\n"
     "@DERIVD_REASON@\n"
     "\n"
     "It is never sent again. Strategy @DERIVD_STRATEGY@ makes no further purchase\n"
     "until evidence from Deriv (the transactions, the open contracts, the profit\n"
     "table) shows whether the contract exists; its stake counts against every\n"
     "limit until then.\n"
     "\n"
     "Normally nothing needs to be done: an entry \"resolved\" follows once the\n"
     "connection is back."},
    {EventKind::kOrderResolved, "dd2e7e699bad4fc3bc337ae497a9e099", Level::kNotice,
     "The fate of order @DERIVD_ORDER_ID@ is now known",
     "Evidence from Deriv settled what became of a purchase whose outcome was not\n"
     "known. The entry says what it was.\n"
     "\n"
     "Nothing needs to be done."},
    {EventKind::kOrderAmbiguous, "3ea8d35f1754457c8d6d15328508ce34", Level::kError,
     "The fate of order @DERIVD_ORDER_ID@ cannot be decided",
     "More than one contract of the account may be the one that was bought, and\n"
     "derivd does not guess: @DERIVD_REASON@\n"
     "\n"
     "Strategy @DERIVD_STRATEGY@ is halted. The likely cause is another program or\n"
     "a person that bought the same contract on this account at the same moment.\n"
     "\n"
     "Compare \"derivctl positions\" with Deriv's own statement, then let the\n"
     "strategy go on with \"derivctl resume\". Do not trade by hand on an account\n"
     "that derivd uses."},
    {EventKind::kContractSettled, "4767106a81d04528bd3b2010cc624fac", Level::kNotice,
     "Contract @DERIVD_CONTRACT_ID@ is settled",
     "Deriv has decided and paid the contract. The entry has its profit; a loss is\n"
     "negative. DERIVD_REASON says by which of Deriv's messages derivd learned it\n"
     "first: contract_stream, the updates of the contract; transaction, the credit\n"
     "in the account's statement; poll, an answer about the contract;\n"
     "reconciliation, the account's lists after a new connection.\n"
     "\n"
     "Nothing needs to be done. \"derivctl trades\" has its entry and exit."},
    {EventKind::kSettlementMismatch, "11099f2fd91d4783956e4130d4c921ab", Level::kError,
     "Witnesses disagree about contract @DERIVD_CONTRACT_ID@",
     "The settlement that Deriv reported differs from a later report of Deriv, or\n"
     "from what the ticks that derivd saw say: @DERIVD_REASON@\n"
     "\n"
     "The books keep what Deriv paid. A likely cause of a difference to the ticks\n"
     "is a tick that was missed during a disconnection.\n"
     "\n"
     "Compare \"derivctl trades\" with Deriv's contract page. If the ticks are\n"
     "complete and the difference stands, ask Deriv's support, with this entry as\n"
     "evidence."},
    {EventKind::kForeignContract, "4834c26a0d1d4e8aac32ac3e695c824c", Level::kWarning,
     "Contract @DERIVD_CONTRACT_ID@ was not bought by this daemon",
     "A contract on the account is not in derivd's journal. It is shown, but never\n"
     "counted against limits and never sold.\n"
     "\n"
     "The likely cause is a purchase by hand or by another program, or a journal\n"
     "that was moved away. Use an account for derivd alone if its limits are to\n"
     "hold for everything."},
    {EventKind::kStrategyHalted, "ab8b07652a97411aa5db46410efce182", Level::kError,
     "Strategy @DERIVD_STRATEGY@ is halted",
     "The strategy reached a stop and makes no further purchase: @DERIVD_REASON@\n"
     "\n"
     "A halt is kept on disk and survives restarts; contracts that are open are\n"
     "still settled. The halts \"take_profit\" and \"stop_loss\" are the session\n"
     "limits of the configuration doing their work; \"ambiguous\" and \"refused\" need\n"
     "a look. \"refused\" says that Deriv does not sell what the strategy asks for:\n"
     "because of the account, for good, or because of its parameters, ten times in\n"
     "a row. Then change its contract, symbol or stakes, and reload.\n"
     "\n"
     "See \"derivctl strategies\" for the numbers. To begin anew, say \"derivctl\n"
     "resume @DERIVD_STRATEGY@\"."},
    {EventKind::kOperatorHalt, "2ce736a3723b4744ada6c62a8f86607f", Level::kNotice,
     "Strategy @DERIVD_STRATEGY@ is halted by the operator",
     "Somebody halted the strategy, and it makes no further purchase:\n"
     "@DERIVD_REASON@\n"
     "\n"
     "This is no fault. A halt is kept on disk and survives restarts; contracts\n"
     "that are open are still settled, or sold with \"derivctl flatten\n"
     "@DERIVD_STRATEGY@\". Its session, its step and its result stay as they are.\n"
     "\n"
     "\"derivctl resume @DERIVD_STRATEGY@\" lets it trade again."},
    {EventKind::kStrategyPaused, "ee6b9ff6b9174b26a469cd529b417ef8", Level::kNotice,
     "Strategy @DERIVD_STRATEGY@ is paused",
     "The strategy makes no purchase for now: @DERIVD_REASON@\n"
     "\n"
     "A pause after losses ends by itself; a pause by the operator ends with\n"
     "\"derivctl resume @DERIVD_STRATEGY@\"."},
    {EventKind::kStrategyResumed, "9372b3f1ec514a6ba7d4ed6c4499e71e", Level::kNotice,
     "Strategy @DERIVD_STRATEGY@ goes on",
     "A pause or a halt has ended and the strategy may buy again.\n"
     "\n"
     "Nothing needs to be done."},
    {EventKind::kScriptMessage, "41d0f1c2a6b84e9c9d3e7a5b60f28c17", Level::kInfo,
     "Strategy @DERIVD_STRATEGY@ says",
     "A program of yours wrote this line: an alert or a notification of a Deriv\n"
     "Bot program, or what a script told the log. DERIVD_REASON has its place in\n"
     "the file, DERIVD_STATE its kind.\n"
     "\n"
     "derivd itself says nothing by it, and nothing needs to be done that the line\n"
     "does not ask for. What a limit or an error did is told by entries of its\n"
     "own."},
    {EventKind::kStrategyWaits, "b093e3e5cf78712d55986cb73f31c868", Level::kWarning,
     "Deriv refuses what strategy @DERIVD_STRATEGY@ asks for",
     "Purchases of the strategy were refused in a row: @DERIVD_REASON@\n"
     "\n"
     "No money was taken. The strategy waits, longer each time and at most two\n"
     "minutes, and asks again at the next signal after that; this is told once,\n"
     "until a purchase is taken again. While a market is closed or Deriv is under\n"
     "maintenance it goes on like that. Parameters that stay refused halt the\n"
     "strategy after the tenth time in a row, which a further entry says. A\n"
     "restart changes nothing about it.\n"
     "\n"
     "If the market is open, compare Deriv's words with the contract, the symbol\n"
     "and the stakes of the strategy in the configuration. \"derivctl explain\n"
     "@DERIVD_STRATEGY@\" shows the refused orders and when it asks again."},
    {EventKind::kEarlySale, "940a192c210a4528aca628e802f979bc", Level::kNotice,
     "An early sale of contract @DERIVD_CONTRACT_ID@ is @DERIVD_STATE@",
     "A rule of the strategy's section \"exit\" holds for an open contract:\n"
     "@DERIVD_REASON@\n"
     "\n"
     "\"asked\": the venue is asked to buy it back at the market; its settlement\n"
     "follows. \"refused\": it would not, or nothing was sent; it is asked again\n"
     "while the rule holds, at most once a minute, which is not told again.\n"
     "\"unknown\": the answer was lost; nothing is asked again before the venue's\n"
     "books say what happened. \"open\": they say that nothing was sold.\n"
     "\n"
     "Nothing needs to be done. \"derivctl trades\" shows the rule as the contract's\n"
     "reason."},
    {EventKind::kAccountLimit, "a8b7ed0cfd5741bca2b7bf7bafc2a3ff", Level::kWarning,
     "A limit of the whole account is reached",
     "No strategy may buy for now: @DERIVD_REASON@\n"
     "\n"
     "A daily limit ends with the trading day (limits.day_starts); the others end\n"
     "when open contracts settle or the balance rises. Contracts that are open are\n"
     "still settled.\n"
     "\n"
     "Nothing needs to be done. The limits are in the section \"limits\" of the\n"
     "configuration."},
    {EventKind::kTickGap, "75f10a416c09416bb4de7b4a92bfe8b7", Level::kWarning,
     "Ticks of @DERIVD_SYMBOL@ are missing",
     "Quotes did not come when the market's rhythm says that they should:\n"
     "@DERIVD_REASON@\n"
     "\n"
     "Strategies see the gap and do not count across it. The likely causes are the\n"
     "network or Deriv's feed; if ticks stay away, the connection is made anew.\n"
     "\n"
     "If it repeats, look at the network of this machine."},
    {EventKind::kSymbolSilent, "3ed0b13d9ed62267d018016685454c97", Level::kWarning,
     "No quotes of @DERIVD_SYMBOL@ come",
     "Deriv has sent no quote of the symbol for a minute, or sends them again:\n"
     "@DERIVD_REASON@\n"
     "\n"
     "A strategy on it can raise no signal meanwhile. Its open contracts run on at\n"
     "Deriv, and other symbols are not affected. The connection holds, and the\n"
     "quotes are asked for again at growing intervals; an entry tells when they\n"
     "come. The likely causes are a market that is closed, a symbol that is not\n"
     "offered to the account, or a fault of Deriv's feed.\n"
     "\n"
     "If the market is open, look at \"derivctl status\", which tells the age of the\n"
     "last quote of each symbol, and compare with the symbol's chart at Deriv."},
    {EventKind::kJournalProblem, "a6211cee0f4145f8b73a9e6a6bc0c1a4", Level::kError,
     "The journal on disk cannot be used",
     "Reading or writing the journal failed: @DERIVD_REASON@\n"
     "\n"
     "No purchase is made without its record on disk. At a start the daemon ends\n"
     "with exit code 74; while running it makes no further purchase, watches what\n"
     "is open, and ends after a bounded time if the disk does not recover. Likely\n"
     "causes are a full disk, a file system that was mounted read-only, wrong\n"
     "permissions, or a damaged file.\n"
     "\n"
     "Make room (\"df\"), or restore the permissions or the file from a backup.\n"
     "Never delete the journal while contracts are open: it is what derivd knows\n"
     "about them.\n"
     "\n"
     "Where the entry says that another program has kept the file locked (a shell,\n"
     "a backup), trading goes on meanwhile and nothing is lost; close that program\n"
     "within the time that the entry names."},
    {EventKind::kControlCommand, "0177c729ff2140e58cd5bb7b31f351c3", Level::kNotice,
     "An operator's command was carried out",
     "A command came over the control socket; the entry says which and from whom.\n"
     "\n"
     "Nothing needs to be done."},
    {EventKind::kLogDropped, "aa63155bf30c14bd12dd81be5c94c0b3", Level::kWarning,
     "Entries of the log were dropped",
     "The log took nothing for a while, or less than there was to say, and its\n"
     "queue was full: entries are missing before this one, of the least levels\n"
     "first. The count is in the entry.\n"
     "\n"
     "Trading is not affected: it never waits for the log, and the journal of\n"
     "trades is another file. The likely causes are a terminal that was stopped, a\n"
     "pipe that nobody reads, a full disk below a log file, or a journald that\n"
     "hangs.\n"
     "\n"
     "\"derivctl trades\" and \"derivctl explain NAME\" show what the missing entries\n"
     "told of trades. \"systemctl status systemd-journald\" says whether the journal\n"
     "is well."},
    {EventKind::kLockProblem, "8cc98f97a64ed17fa4e225f8efed9345", Level::kError,
     "The account's lock needs a look",
     "One daemon for one account is ensured by a lock, and something about it is\n"
     "not as it should be: @DERIVD_REASON@\n"
     "\n"
     "The daemon trades: whoever does not know the account cannot hold its lock,\n"
     "and the process that is named here does not. Either another user of this\n"
     "machine tries to keep derivd from starting, or the lock's directory is\n"
     "missing or belongs to somebody else. Two daemons still exclude each other.\n"
     "\n"
     "Look at the process and the user named here. \"systemd-tmpfiles --create\n"
     "derivd.conf\" makes the service's directory again."},
    {EventKind::kMetricsProblem, "40cc97457a6d49aeaa35b06c08d1c3f0", Level::kWarning,
     "The page for Prometheus needs a look",
     "metrics.listen of the configuration could not be served, or is open to the\n"
     "network: @DERIVD_REASON@\n"
     "\n"
     "Trading is not affected. The page holds no secret, but profits, stakes and\n"
     "names of strategies, without a password. The likely causes are another\n"
     "program on that port, an address that this machine does not have, or an\n"
     "address that is not loopback.\n"
     "\n"
     "Choose a free port with metrics.listen, or 127.0.0.1 and a proxy that asks\n"
     "for a password; then restart the service."},
    {EventKind::kNotifyProblem, "f0359952d7654b4c867a5e09aa4b00fc", Level::kWarning,
     "Notifications do not arrive",
     "A message for the webhook or for Telegram could not be delivered:\n"
     "@DERIVD_REASON@\n"
     "\n"
     "Trading is not affected. It is tried again with growing waits; this is told\n"
     "once, and once more when messages arrive again. The likely causes are the\n"
     "network, a receiver that is down, a wrong address, chat_id or bot token.\n"
     "\n"
     "Compare the section \"notify\" of the configuration and the credentials\n"
     "\"webhook-url\" and \"telegram-token\" with what the receiver gave you.\n"
     "derivd(8) tells how to set them."},
    {EventKind::kWatchdog, "70e7ee28e8174c8183d3fef198105c9b", Level::kError,
     "The daemon finds itself unhealthy",
     "The loop, the journal or a deadline is not as it must be: @DERIVD_REASON@\n"
     "\n"
     "systemd is not told that all is well, and restarts the service if it lasts;\n"
     "a restart recovers from the journal. The likely cause is a machine that is\n"
     "overloaded or was suspended, or a disk that hangs.\n"
     "\n"
     "Look at the machine's load and disk. If neither explains it, report it with\n"
     "the entries before this one."},
    {EventKind::kReconciled, "34879527aa574bb1978ef63f219d2018", Level::kInfo,
     "The journal agrees with Deriv's account",
     "Open contracts, settlements and the balance were compared with what Deriv\n"
     "reports, and differences were resolved. Trading may begin.\n"
     "\n"
     "Nothing needs to be done."},
    {EventKind::kConfigChanged, "28f6ccee9c9b4d1f9d96e5b549e9cdcc", Level::kNotice,
     "A key of the configuration has changed",
     "A reload took a changed value over; the entry has the key with its old and\n"
     "its new value, and when it holds: \"live\" at once, \"when flat\" for a strategy\n"
     "once none of its contracts is open, \"reconnect\" once the venue is reached\n"
     "there and its account is ours.\n"
     "\n"
     "Nothing needs to be done. \"derivctl explain NAME\" lists the changes of late."},
    {EventKind::kReloadDone, "25d9179a11104616b7866220463c29d1", Level::kNotice,
     "The configuration was reloaded",
     "The whole file was read and checked, and every change in it could be taken\n"
     "over. An entry for each changed key came before this one. Open contracts,\n"
     "sessions, steps and halts are as they were.\n"
     "\n"
     "Nothing needs to be done."},
    {EventKind::kReloadRefused, "2aa7a589956541ce9c0eddc6d2a66e93", Level::kError,
     "The configuration was not reloaded",
     "The file has a mistake, or a change that only a restart can take over, or it\n"
     "names another address of the venue and what answers there is not our\n"
     "account: @DERIVD_REASON@\n"
     "\n"
     "A file with a mistake is refused whole: the daemon goes on with the\n"
     "configuration that it has. Of another address, only endpoint, app_id and\n"
     "ca_file are the former ones again, and the session goes on there.\n"
     "\n"
     "Correct the file at the line and column given and say \"systemctl reload\n"
     "derivd\" again. For a change that needs a restart, say \"systemctl restart\n"
     "derivd\": open contracts, sessions and steps are kept over it. \"derivctl\n"
     "check\" finds mistakes beforehand; derivd.yaml(5) says of each key what a\n"
     "reload does with it."},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kMessages.size(); ++i) {
    if (static_cast<std::size_t>(kMessages[i].kind) != i || kMessages[i].id.size() != 32) {
      return false;
    }
  }
  return true;
}
static_assert(in_order(), "one message for each kind, in the order of the enumeration");

}  // namespace

const MessageInfo& message_info(core::EventKind kind) {
  const auto index = static_cast<std::size_t>(kind);
  DERIVD_CHECK(index < kMessages.size(), "an event of no kind");
  return kMessages[index];
}

std::string catalog_text() {
  std::string out =
      "# The catalog of derivd's journal entries: what \"journalctl -x\" shows.\n"
      "# This file is the output of service::catalog_text(); a test compares them.\n";
  for (const auto& message : kMessages) {
    out += fmt::format(
        "\n-- {}\nSubject: {}\nDefined-By: derivd\nDocumentation: man:derivd(8)\n\n{}\n",
        message.id, message.subject, message.body);
  }
  return out;
}

}  // namespace derivd::service
