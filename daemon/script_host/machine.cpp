#include "script_host/machine.hpp"

#include <JavaScriptCore/JavaScript.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "core/rng.hpp"
#include "rules/words.hpp"
#include "script/past.hpp"
#include "script/settings.hpp"
#include "script_host/budget.hpp"
#include "script_host/prelude.hpp"

// Of the library, but not of its installed headers (JSContextRefPrivate.h): WebKit's own programs
// stop a script and show its place with them.
extern "C" {
typedef bool (*JSShouldTerminateCallback)(JSContextRef context, void* data);
void JSContextGroupSetExecutionTimeLimit(JSContextGroupRef group, double seconds,
                                         JSShouldTerminateCallback callback, void* data);
JSStringRef JSContextCreateBacktrace(JSContextRef context, unsigned most);
void JSGlobalContextSetUnhandledRejectionCallback(JSGlobalContextRef context, JSObjectRef function,
                                                  JSValueRef* exception);
}

namespace derivd::script_host {
namespace {

/// The engine asks whether the program may go on: first when a call has used half of its budget of
/// the processor's time, but so long at the most, then each time it has used so much more. The
/// first asking wakes a thread of the engine's, unless one is waiting already, which serves every
/// call until it is due. What a call may take from memory until then is bounded by the kernel alone.
constexpr double kFirstAsk = 0.008;
constexpr double kAskEvery = 0.002;
double first_asked_after(std::uint64_t cpu_us) {
  return std::clamp(static_cast<double>(cpu_us) / 2e6, kAskEvery, kFirstAsk);
}
/// Of a text that goes back to derivd; the frame's own bound is wider.
constexpr std::size_t kMaxMessage = 600;
constexpr std::size_t kMaxSlice = script::kPast;

/// A reference counted by the engine.
class Text final {
 public:
  explicit Text(JSStringRef owned) : text_(owned) {}
  explicit Text(std::string_view text)
      : text_(JSStringCreateWithUTF8CString(std::string(text).c_str())) {}
  ~Text() {
    if (text_ != nullptr) JSStringRelease(text_);
  }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  JSStringRef get() const { return text_; }
  std::string str() const {
    if (text_ == nullptr) return {};
    std::string out(JSStringGetMaximumUTF8CStringSize(text_), '\0');
    const auto size = JSStringGetUTF8CString(text_, out.data(), out.size());
    out.resize(size > 0 ? size - 1 : 0);
    return out;
  }

 private:
  JSStringRef text_;
};

/// The engine's options are read from the environment, which is ours alone.
void choose_options() {
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"JSC_useJIT", "false"},
           {"JSC_usePollingTraps", "true"},
           {"JSC_useConcurrentGC", "false"},
           {"JSC_numberOfGCMarkers", "1"},
           {"JSC_useSharedArrayBuffer", "false"},
           {"GIGACAGE_ENABLED", "0"},
           {"LANG", "C.UTF-8"},
           {"TZ", "UTC"}}) {
    ::setenv(name, value, 1);
  }
}

/// Cut at a character's border.
std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  text.resize(most);
  return text;
}

/// Half up, away from zero for what is below it; the text of an amount in cents.
std::optional<std::string> cents(double amount) {
  constexpr double kMost = 1e9;
  if (!(std::abs(amount) < kMost)) return std::nullopt;
  // 1.005 is a little less in binary: what a person wrote decides.
  constexpr double kNoise = 1e-7;
  const auto units = std::floor(std::abs(amount) * 100 + 0.5 + kNoise);
  return fmt::format("{}{:.2f}", amount < 0 && units > 0 ? "-" : "", units / 100);
}

}  // namespace

struct Machine::Impl {
  Impl();
  ~Impl();

  /// Of arguments of a call: the collector does not see what only they hold.
  using Args = std::vector<JSValueRef>;
  using Method = JSValueRef (Impl::*)(const Args& args);
  struct Function {
    Impl* machine;
    Method method;
  };

  // The engine.
  static JSValueRef call_back(JSContextRef context, JSObjectRef function, JSObjectRef self,
                              std::size_t count, const JSValueRef* arguments,
                              JSValueRef* exception);
  static bool should_end(JSContextRef context, void* data);
  void ask_after(double seconds);
  JSObjectRef function(Method method);
  void put(JSObjectRef object, std::string_view name, JSValueRef value);
  JSValueRef get(JSObjectRef object, std::string_view name);
  JSValueRef number(double value) { return JSValueMakeNumber(context, value); }
  JSValueRef text(std::string_view value);
  JSValueRef json(const std::string& value);
  std::string str(JSValueRef value);
  JSValueRef evaluate(std::string_view source, std::string_view name);
  JSObjectRef object(JSValueRef value);
  JSObjectRef flat(const std::vector<double>& numbers);

  // What `host` offers to the prelude. An error thrown is the program's.
  JSValueRef host_time(const Args&);
  JSValueRef host_random(const Args&);
  JSValueRef host_log(const Args& args);
  JSValueRef host_buy(const Args& args);
  JSValueRef host_sell(const Args& args);
  JSValueRef host_ticks(const Args& args);
  JSValueRef host_candles(const Args& args);
  JSValueRef host_decimals(const Args& args);
  JSValueRef host_value(const Args& args);
  JSValueRef host_place(const Args&);
  JSValueRef host_rejected(const Args& args);
  JSValueRef host_bad_state(const Args& args);
  JSValueRef refuse(std::string_view message, std::string_view kind = "TypeError");
  std::size_t slice(const Args& args, std::string_view name);
  script::Past& past_of(const Args& args, std::size_t at);
  script::Past& past_of(std::uint8_t watched, std::uint8_t decimals);

  // One call.
  void prepare(const script::Setup& setup);
  void find_handlers();
  static std::size_t index_of(std::string_view handler);
  JSObjectRef handler(std::string_view name) const;
  JSValueRef call(JSObjectRef function, std::span<const JSValueRef> args);
  void call_for_state(JSObjectRef function, std::span<const JSValueRef> args);
  void begin(std::uint64_t sequence, std::int64_t time, std::string_view handler, bool runs);
  void tick(const script::Event& event, const script::Tick& tick);
  void watched_tick(const script::Event& event, const script::WatchedTick& tick);
  void result(const script::Event& event, const script::Trade& trade);
  void denied(const script::Event& event, const script::Denied& denied);
  Machine::Outcome finish();
  void take_state();
  void fail(std::string where, std::string message);
  void fail(JSValueRef thrown);
  std::string place_of(JSContextRef at) const;
  std::string place_of(JSObjectRef error);
  std::string line_of(std::string_view word) const;
  const std::string& line_of_handler(std::string_view name);

  JSGlobalContextRef context = nullptr;
  JSClassRef functions = nullptr;
  std::vector<std::unique_ptr<Function>> made;
  JSValueRef thrown = nullptr;  // by the call that goes on
  script::Setup setup;
  std::optional<script::Past> past;
  std::vector<std::unique_ptr<script::Past>> watched;  // in the order of Setup::watch
  std::optional<core::Rng> rng;
  Budget budget;
  // Of the prelude.
  JSObjectRef prelude = nullptr;
  JSObjectRef give_state = nullptr;
  bool has_jobs = false;                  // which run behind a call, and may change the state
  bool is_state_told = false;             // in the call that goes on
  std::optional<std::string> told_state;  // by it, as JSON
  JSObjectRef forget = nullptr;
  JSObjectRef give_tick = nullptr;
  JSObjectRef rehearse_tick = nullptr;
  JSObjectRef give_candle = nullptr;
  JSObjectRef give_watched = nullptr;
  std::array<JSObjectRef, 6> handlers{};
  static constexpr std::array<std::string_view, 6> kHandlers{"onStart",  "onTick",   "onCandle",
                                                             "onResult", "onDenied", "onWatch"};
  std::array<std::string, 6> lines;  // where the text first says each, once asked for

  script::Answer answer;  // of the call that goes on
  std::optional<script::Failure> failure;
  std::string handling;
  std::int64_t time = 0;
  std::uint64_t wishes = 0;
  std::string state;
  bool may_buy = false;
  bool was_asked = false;   // by the engine, whether the program may go on
  bool is_running = false;  // something of the program, for this event
  bool was_placed = false;  // a crossing asked for its place, which the prelude counts
};

Machine::Impl::Impl() {
  choose_options();
  JSClassDefinition definition = kJSClassDefinitionEmpty;
  definition.className = "Function";
  definition.callAsFunction = call_back;
  functions = JSClassCreate(&definition);
  context = JSGlobalContextCreate(nullptr);
}

Machine::Impl::~Impl() {
  JSClassRelease(functions);
  JSGlobalContextRelease(context);
}

JSValueRef Machine::Impl::call_back(JSContextRef, JSObjectRef function, JSObjectRef,
                                    std::size_t count, const JSValueRef* arguments,
                                    JSValueRef* exception) {
  const auto* made = static_cast<const Function*>(JSObjectGetPrivate(function));
  auto& self = *made->machine;
  self.thrown = nullptr;
  const auto result = (self.*(made->method))(Args(arguments, arguments + count));
  if (self.thrown != nullptr) {
    *exception = std::exchange(self.thrown, nullptr);
    return JSValueMakeUndefined(self.context);
  }
  return result;
}

/// True ends the program: it cannot catch that.
bool Machine::Impl::should_end(JSContextRef context, void* data) {
  auto& self = *static_cast<Impl*>(data);
  if (!self.failure) {
    if (auto excess = self.budget.excess(); !excess.empty()) {
      self.fail(self.place_of(context), std::move(excess));
    }
  }
  if (self.failure) return true;
  self.ask_after(kAskEvery);
  self.was_asked = true;
  return false;
}

void Machine::Impl::ask_after(double seconds) {
  JSContextGroupSetExecutionTimeLimit(JSContextGetGroup(context), seconds, should_end, this);
}

JSObjectRef Machine::Impl::function(Method method) {
  made.push_back(std::make_unique<Function>(Function{this, method}));
  return JSObjectMake(context, functions, made.back().get());
}

void Machine::Impl::put(JSObjectRef object, std::string_view name, JSValueRef value) {
  JSObjectSetProperty(context, object, Text(name).get(), value, 0, nullptr);
}
JSValueRef Machine::Impl::get(JSObjectRef object, std::string_view name) {
  return JSObjectGetProperty(context, object, Text(name).get(), nullptr);
}
JSValueRef Machine::Impl::text(std::string_view value) {
  return JSValueMakeString(context, Text(value).get());
}
JSValueRef Machine::Impl::json(const std::string& value) {
  const auto* read =
      value.empty() ? nullptr : JSValueMakeFromJSONString(context, Text(value).get());
  return read != nullptr ? read : JSObjectMake(context, nullptr, nullptr);
}
std::string Machine::Impl::str(JSValueRef value) {
  JSValueRef ignored = nullptr;
  return Text(JSValueToStringCopy(context, value, &ignored)).str();
}
JSValueRef Machine::Impl::evaluate(std::string_view source, std::string_view name) {
  thrown = nullptr;
  return JSEvaluateScript(context, Text(source).get(), nullptr, Text(name).get(), 1, &thrown);
}
JSObjectRef Machine::Impl::object(JSValueRef value) {
  return JSValueToObject(context, value, nullptr);
}
JSObjectRef Machine::Impl::flat(const std::vector<double>& numbers) {
  Args values;
  values.reserve(numbers.size());
  for (const auto n : numbers) values.push_back(number(n));
  return JSObjectMakeArray(context, values.size(), values.data(), nullptr);
}

// ---- host ----

/// Throws an error of the program.
JSValueRef Machine::Impl::refuse(std::string_view message, std::string_view kind) {
  const auto maker = object(get(JSContextGetGlobalObject(context), kind));
  const auto words = text(message);
  thrown = JSObjectCallAsConstructor(context, maker, 1, &words, nullptr);
  return JSValueMakeUndefined(context);
}

JSValueRef Machine::Impl::host_time(const Args&) { return number(static_cast<double>(time)); }
JSValueRef Machine::Impl::host_random(const Args&) { return number(rng->uniform()); }

JSValueRef Machine::Impl::host_log(const Args& args) {
  if (answer.logs.size() >= script::kMaxLogs) {
    fail(place_of(context), fmt::format("more than {} log lines in one call", script::kMaxLogs));
    return refuse("too many log lines", "RangeError");
  }
  answer.logs.push_back(shortened(str(args.at(0)), script::kMaxLogBytes));
  return JSValueMakeUndefined(context);
}

JSValueRef Machine::Impl::host_buy(const Args& args) {
  if (!may_buy) return refuse("buy: nothing can be bought before the first tick", "RangeError");
  if (answer.wishes.size() >= script::kMaxWishes) {
    fail(place_of(context), fmt::format("more than {} purchases in one call", script::kMaxWishes));
    return refuse("too many purchases", "RangeError");
  }
  script::Wish wish;
  const auto given = [&](std::size_t i) {
    return i < args.size() && !JSValueIsUndefined(context, args[i]) &&
           !JSValueIsNull(context, args[i]);
  };
  const auto words = [&](std::size_t i) { return shortened(str(args[i]), script::kMaxWord); };
  const auto as_number = [&](std::size_t i) { return JSValueToNumber(context, args[i], nullptr); };
  if (!given(0)) return refuse("buy: no type is given, as buy({ type: \"CALL\" })");
  wish.type = words(0);
  if (given(1)) wish.duration = words(1);
  if (given(2)) {
    const auto distance = as_number(2);
    if (!std::isfinite(distance)) return refuse("buy: barrier is no number");
    // In the symbol's decimals: sums of decimals are not exact in binary.
    wish.barrier = fmt::format("{:.{}f}", distance, static_cast<int>(setup.decimals));
  }
  if (given(3)) {
    const auto digit = as_number(3);
    if (!(digit >= 0 && digit <= 9) || digit != std::floor(digit)) {
      return refuse("buy: prediction is no digit from 0 to 9");
    }
    wish.prediction = static_cast<std::int8_t>(digit);
  }
  if (given(4)) {
    const auto amount = cents(as_number(4));
    if (!amount) return refuse("buy: stake is no amount");
    wish.stake = *amount;
  }
  wish.number = ++wishes;
  answer.wishes.push_back(std::move(wish));
  return number(static_cast<double>(wishes));
}

JSValueRef Machine::Impl::host_sell(const Args& args) {
  const auto id = args.empty() ? 0.0 : JSValueToNumber(context, args[0], nullptr);
  if (!(id >= 1 && id <= static_cast<double>(wishes)) || id != std::floor(id)) {
    return refuse("sell: no id that buy() gave in this run", "RangeError");
  }
  if (answer.sales.size() >= script::kMaxWishes) {
    fail(place_of(context), fmt::format("more than {} sales in one call", script::kMaxWishes));
    return refuse("too many sales", "RangeError");
  }
  answer.sales.push_back(static_cast<std::uint64_t>(id));
  return JSValueMakeUndefined(context);
}

/// How many; an error is thrown and 0 given for what is no count.
std::size_t Machine::Impl::slice(const Args& args, std::string_view name) {
  const auto n = args.empty() ? NAN : JSValueToNumber(context, args[0], nullptr);
  if (n >= 1 && n <= static_cast<double>(kMaxSlice) && n == std::floor(n)) {
    return static_cast<std::size_t>(n);
  }
  refuse(fmt::format("{}: a count from 1 to {} is wanted", name, kMaxSlice), "RangeError");
  return 0;
}

/// Of the symbol whose place the argument is; the prelude knows no other places.
script::Past& Machine::Impl::past_of(const Args& args, std::size_t at) {
  const auto place = at < args.size() ? JSValueToNumber(context, args[at], nullptr) : 0;
  const bool is_watched = place >= 1 && place <= static_cast<double>(watched.size());
  return is_watched ? *watched[static_cast<std::size_t>(place) - 1] : *past;
}

/// Of the symbol that a message names. A watched one whose decimals turn out to be others than the
/// setup said begins anew with them.
script::Past& Machine::Impl::past_of(std::uint8_t place, std::uint8_t decimals) {
  if (place == 0 || place > watched.size()) return *past;
  auto& known = watched[place - std::size_t{1}];
  if (known->decimals() != decimals) {
    known = std::make_unique<script::Past>(decimals, rules::Where{setup.candles},
                                           script::Past::Of::kWatched);
  }
  return *known;
}

JSValueRef Machine::Impl::host_ticks(const Args& args) {
  const auto n = slice(args, "ticks");
  if (n == 0) return nullptr;
  std::vector<double> out;
  const auto& of = past_of(args, 1);
  for (const auto& tick : of.ticks(n)) {
    out.insert(out.end(),
               {static_cast<double>(tick.time.s), static_cast<double>(tick.mantissa) / of.scale(),
                static_cast<double>(tick.mantissa % 10)});
  }
  return flat(out);
}

namespace {

void add_candle(const script::Past::Candle& candle, double scale, std::vector<double>& out) {
  const auto quote = [&](std::int64_t mantissa) { return static_cast<double>(mantissa) / scale; };
  out.insert(out.end(), {static_cast<double>(candle.begins.s), quote(candle.bar.open),
                         quote(candle.bar.high), quote(candle.bar.low), quote(candle.bar.close)});
}

}  // namespace

JSValueRef Machine::Impl::host_candles(const Args& args) {
  const auto n = slice(args, "candles");
  if (n == 0) return nullptr;
  const bool of_default = args.size() < 2 || JSValueIsUndefined(context, args[1]);
  auto& of = past_of(args, 2);
  const auto found = of.candles(n, of_default ? std::string{} : str(args[1]));
  if (!found) return refuse("candles: " + found.error().text);
  std::vector<double> out;
  for (const auto& candle : *found) add_candle(candle, of.scale(), out);
  return flat(out);
}

JSValueRef Machine::Impl::host_decimals(const Args& args) {
  return number(past_of(args, 0).decimals());
}

JSValueRef Machine::Impl::host_value(const Args& args) {
  const auto expression = str(args.at(0));
  const auto value = past_of(args, 1).value(expression);
  if (!value) return refuse(fmt::format("{}: {}", shortened(expression, 80), value.error().text));
  return number(*value);
}

JSValueRef Machine::Impl::host_place(const Args&) {
  was_placed = true;
  return text(place_of(context));
}

/// A promise was rejected and nobody listens: an uncaught error.
JSValueRef Machine::Impl::host_rejected(const Args& args) {
  if (args.size() > 1 && !failure) fail(args[1]);
  return JSValueMakeUndefined(context);
}

/// The program's own doing (a circle, a BigInt): at the line where it says `state`.
JSValueRef Machine::Impl::host_bad_state(const Args& args) {
  fail(line_of("state"), "state is not JSON: " + str(args.at(0)));
  return JSValueMakeUndefined(context);
}

// ---- places ----

/// "dip.js:12" of the innermost line of the program, from lines as "#1 onTick() at dip.js:12".
std::string Machine::Impl::place_of(JSContextRef at) const {
  constexpr unsigned kFrames = 32;
  const auto trace = Text(JSContextCreateBacktrace(at, kFrames)).str();
  const auto mark = fmt::format(" at {}:", setup.file);
  const auto found = trace.find(mark);
  if (found == std::string::npos) return {};
  const auto begin = found + 4;
  return trace.substr(begin, trace.find('\n', begin) - begin);
}

/// Of an error object: its own line, or the first of its stack that is the program's.
std::string Machine::Impl::place_of(JSObjectRef error) {
  const auto line = JSValueToNumber(context, get(error, "line"), nullptr);
  if (str(get(error, "sourceURL")) == setup.file && line >= 1 && line < 1e9) {
    return fmt::format("{}:{:.0f}", setup.file, line);
  }
  const auto stack = str(get(error, "stack"));
  const auto mark = fmt::format("{}:", setup.file);
  const auto found = stack.find(mark);
  if (found == std::string::npos) return {};
  const auto digits = found + mark.size();
  return stack.substr(
      found, std::min(stack.find_first_not_of("0123456789", digits), stack.size()) - found);
}

/// Where the text first says a word: for what has no line of its own.
std::string Machine::Impl::line_of(std::string_view word) const {
  const auto at = std::string_view(setup.text).find(word);
  if (at == std::string_view::npos) return setup.file + ":1";
  const auto end = setup.text.begin() + static_cast<std::ptrdiff_t>(at);
  return fmt::format("{}:{}", setup.file, 1 + std::count(setup.text.begin(), end, '\n'));
}

/// Looked for once: it is asked for with each call.
const std::string& Machine::Impl::line_of_handler(std::string_view name) {
  auto& line = lines[index_of(name)];
  if (line.empty()) line = line_of(name);
  return line;
}

void Machine::Impl::fail(std::string where, std::string message) {
  if (failure) return;
  if (where.empty()) where = line_of(handling);
  failure = script::Failure{answer.sequence, shortened(std::move(where), kMaxMessage),
                            shortened(std::move(message), kMaxMessage)};
}

void Machine::Impl::fail(JSValueRef error) {
  std::string where;
  if (JSValueIsObject(context, error)) where = place_of(object(error));
  fail(std::move(where), str(error));
}

// ---- one call ----

/// `runs`: something of the program will run. Else there is nothing to be watched.
void Machine::Impl::begin(std::uint64_t sequence, std::int64_t at, std::string_view name,
                          bool runs) {
  answer = {};
  answer.sequence = sequence;
  time = at;
  handling = name;
  is_running = runs;
  is_state_told = false;
  told_state.reset();
  if (std::exchange(was_asked, false)) ask_after(first_asked_after(setup.cpu_us));
  if (runs) budget.enter(sequence, line_of_handler(name));
}

/// What it returns; nullptr: nothing, because it failed or something did before it.
JSValueRef Machine::Impl::call(JSObjectRef function, std::span<const JSValueRef> args) {
  if (function == nullptr || failure) return nullptr;
  JSValueRef error = nullptr;
  const auto* returned =
      JSObjectCallAsFunction(context, function, nullptr, args.size(), args.data(), &error);
  if (error == nullptr) return returned;
  fail(error);
  return nullptr;
}

/// Of a function of the prelude that returns the state, where that is another than before.
void Machine::Impl::call_for_state(JSObjectRef function, std::span<const JSValueRef> args) {
  const auto* told = call(function, args);
  if (told != nullptr && JSValueIsString(context, told)) told_state = str(told);
  is_state_told = true;
}

void Machine::Impl::take_state() {
  if (has_jobs || !is_state_told) call_for_state(give_state, {});
  if (failure || !told_state) return;
  auto now = *std::exchange(told_state, std::nullopt);
  if (now.size() > script::kMaxState) {
    return fail(line_of("state"), fmt::format("state has {} bytes as JSON; allowed: {}", now.size(),
                                              script::kMaxState));
  }
  if (now == state) return;
  state = now;
  answer.state = std::move(now);
}

Machine::Outcome Machine::Impl::finish() {
  if (!is_running) return std::move(answer);
  if (!failure) take_state();
  if (std::exchange(was_placed, false)) {
    JSObjectCallAsFunction(context, forget, nullptr, 0, nullptr, nullptr);
  }
  if (!failure) {
    if (auto excess = budget.excess_at_end(); !excess.empty()) fail("", std::move(excess));
  }
  answer.cpu_us = static_cast<std::uint64_t>(budget.leave().count());
  if (failure) return *failure;
  return std::move(answer);
}

std::size_t Machine::Impl::index_of(std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(kHandlers, name) - kHandlers.begin());
}

JSObjectRef Machine::Impl::handler(std::string_view name) const { return handlers[index_of(name)]; }

void Machine::Impl::prepare(const script::Setup& given) {
  setup = given;
  past.emplace(setup.decimals, rules::Where{setup.candles});
  for (const auto& symbol : setup.watch) {
    watched.push_back(std::make_unique<script::Past>(symbol.decimals, rules::Where{setup.candles},
                                                     script::Past::Of::kWatched));
  }
  rng.emplace(setup.seed);
  const auto host = JSObjectMake(context, nullptr, nullptr);
  for (const auto& [name, method] :
       std::initializer_list<std::pair<const char*, Method>>{{"time", &Impl::host_time},
                                                             {"random", &Impl::host_random},
                                                             {"log", &Impl::host_log},
                                                             {"buy", &Impl::host_buy},
                                                             {"sell", &Impl::host_sell},
                                                             {"ticks", &Impl::host_ticks},
                                                             {"decimals", &Impl::host_decimals},
                                                             {"candles", &Impl::host_candles},
                                                             {"value", &Impl::host_value},
                                                             {"place", &Impl::host_place},
                                                             {"badState", &Impl::host_bad_state}}) {
    put(host, name, function(method));
  }
  const auto told = JSObjectMake(context, nullptr, nullptr);
  put(told, "symbol", text(setup.symbol));
  put(told, "decimals", number(setup.decimals));
  const auto names = JSObjectMakeArray(context, 0, nullptr, nullptr);
  for (unsigned i = 0; i < setup.watch.size(); ++i) {
    JSObjectSetPropertyAtIndex(context, names, i, text(setup.watch[i].symbol), nullptr);
  }
  put(told, "watched", names);
  put(told, "config", json(setup.config));
  put(told, "answers", json(setup.answers));
  put(told, "state", json(setup.state));
  double stake = 0;
  std::from_chars(setup.stake.data(), setup.stake.data() + setup.stake.size(), stake);
  put(told, "stake", number(stake));
  put(told, "text", text(setup.text));
  const auto words = JSObjectMakeArray(context, 0, nullptr, nullptr);
  put(told, "words", words);
  unsigned count = 0;
  for (const auto& word : rules::words()) {
    // Crossings are the prelude's; one name may stand for two values, which the parser tells apart.
    if (word.exprs < 2)
      JSObjectSetPropertyAtIndex(context, words, count++, text(word.name), nullptr);
  }
  const auto maker = object(evaluate(kPrelude, kPreludeName));
  DERIVD_CHECK(maker != nullptr && thrown == nullptr, "the prelude is sound");
  const std::array<JSValueRef, 2> with{host, told};
  JSValueRef error = nullptr;
  const auto* made_of =
      JSObjectCallAsFunction(context, maker, nullptr, with.size(), with.data(), &error);
  if (error != nullptr) return fail("", "the prelude: " + str(error));
  prelude = object(made_of);
  JSValueProtect(context, prelude);
  // Looked up once; the prelude holds them.
  give_state = object(get(prelude, "takeState"));
  has_jobs = JSValueToBoolean(context, get(prelude, "hasJobs"));
  forget = object(get(prelude, "forget"));
  give_tick = object(get(prelude, "onTick"));
  rehearse_tick = object(get(prelude, "rehearse"));
  give_candle = object(get(prelude, "onCandle"));
  give_watched = object(get(prelude, "onWatch"));
  JSGlobalContextSetUnhandledRejectionCallback(context, function(&Impl::host_rejected), nullptr);
  state = setup.state;
}

void Machine::Impl::find_handlers() {
  std::string list;
  for (const auto name : kHandlers) {
    list += fmt::format("typeof {0} === 'function' ? {0} : undefined, ", name);
  }
  const auto found = object(evaluate("[" + list + "]", kPreludeName));
  if (found == nullptr) return;
  for (unsigned i = 0; i < handlers.size(); ++i) {
    const auto* value = JSObjectGetPropertyAtIndex(context, found, i, nullptr);
    if (!JSValueIsObject(context, value)) continue;
    handlers[i] = object(value);
    JSValueProtect(context, handlers[i]);
  }
}

// ---- The public face ----

Machine::Machine() : impl_(std::make_unique<Impl>()) {}
Machine::~Machine() = default;

Machine::Outcome Machine::load(const script::Setup& setup) {
  auto& m = *impl_;
  m.prepare(setup);
  if (m.failure) return *m.failure;
  m.ask_after(first_asked_after(setup.cpu_us));
  m.budget.begin(std::chrono::microseconds(setup.cpu_us), setup.memory);
  m.begin(0, 0, "onStart", true);
  m.evaluate(setup.text, setup.file);
  if (m.thrown != nullptr) {
    m.fail(m.thrown);
  } else {
    m.find_handlers();
    if (m.handler("onTick") == nullptr && m.handler("onCandle") == nullptr && !m.failure) {
      m.fail(setup.file + ":1", "has neither a function onTick nor onCandle");
    }
    if (!setup.only_check) {
      const std::array with{m.get(JSContextGetGlobalObject(m.context), "answers")};
      m.call(m.handler("onStart"), with);
    }
  }
  m.may_buy = true;
  return m.finish();
}

void Machine::past(const script::PastTick& tick) {
  auto& m = *impl_;
  if (!m.past) return;
  if (tick.watched == 0) {
    for (const auto& other : m.watched) other->see({tick.epoch});
  }
  m.past_of(tick.watched, tick.decimals).on_tick({tick.epoch}, tick.mantissa);
}
void Machine::past(const script::PastCandles& candles) {
  auto& m = *impl_;
  if (!m.past) return;
  auto& of = m.past_of(candles.watched, candles.decimals);
  if (candles.decimals != of.decimals()) return;
  of.begin_candles({candles.seconds}, candles.candles, candles.is_last);
}
void Machine::reset() {
  if (impl_->past) impl_->past->reset();
  for (const auto& other : impl_->watched) other->reset();
}

std::variant<script::Rehearsed, script::Failure> Machine::rehearse() {
  auto& m = *impl_;
  if (!m.may_buy || m.failure) return script::Rehearsed{};
  const auto wishes = m.wishes;
  m.begin(m.answer.sequence, m.time, "onTick", true);
  const auto quote = m.past->ticks(1);
  const std::array<JSValueRef, 3> args{
      m.number(static_cast<double>(m.time)),
      m.number(quote.empty() ? 0 : static_cast<double>(quote.front().mantissa) / m.past->scale()),
      m.number(0)};
  m.call(m.rehearse_tick, args);
  m.budget.leave();
  m.wishes = wishes;
  if (m.failure) return *m.failure;
  return script::Rehearsed{std::exchange(m.answer, {})};
}

void Machine::Impl::watched_tick(const script::Event& event, const script::WatchedTick& tick) {
  auto& of = past_of(tick.watched, tick.decimals);
  of.on_tick({tick.epoch}, tick.mantissa);
  for (const auto& other : watched) other->see({tick.epoch});
  const auto on_watch = handler("onWatch");
  begin(event.sequence, event.time, "onWatch", on_watch != nullptr);
  if (on_watch == nullptr) return;
  const std::array<JSValueRef, 6> args{on_watch,
                                       number(tick.watched),
                                       number(static_cast<double>(tick.epoch)),
                                       number(static_cast<double>(tick.mantissa) / of.scale()),
                                       number(static_cast<double>(tick.mantissa % 10)),
                                       number(of.decimals())};
  call_for_state(give_watched, args);
}

void Machine::Impl::tick(const script::Event& event, const script::Tick& tick) {
  for (const auto& other : watched) other->see({tick.epoch});
  const auto closed = past->on_tick({tick.epoch}, tick.mantissa);
  const auto on_candle = closed ? handler("onCandle") : nullptr;
  const auto on_tick = handler("onTick");
  begin(event.sequence, event.time, "onTick", on_candle != nullptr || on_tick != nullptr);
  if (on_candle != nullptr) {
    std::vector<double> flat;
    add_candle(*closed, past->scale(), flat);
    Args args{on_candle, JSValueMakeBoolean(context, on_tick == nullptr)};
    for (const auto n : flat) args.push_back(number(n));
    call_for_state(give_candle, args);
  }
  if (on_tick == nullptr) return;
  const std::array<JSValueRef, 4> args{on_tick, number(static_cast<double>(tick.epoch)),
                                       number(static_cast<double>(tick.mantissa) / past->scale()),
                                       number(static_cast<double>(tick.mantissa % 10))};
  call_for_state(give_tick, args);
}

void Machine::Impl::result(const script::Event& event, const script::Trade& trade) {
  const auto on_result = handler("onResult");
  begin(event.sequence, event.time, "onResult", on_result != nullptr);
  if (on_result == nullptr) return;
  const auto told = JSObjectMake(context, nullptr, nullptr);
  const auto amount = [&](const char* name, const std::string& value) {
    double read = 0;
    std::from_chars(value.data(), value.data() + value.size(), read);
    put(told, name, value.empty() ? JSValueMakeNull(context) : number(read));
  };
  const bool won = trade.profit.find_first_of("123456789") != std::string::npos &&
                   !trade.profit.starts_with('-');
  put(told, "id",
      trade.wish == 0 ? JSValueMakeNull(context) : number(static_cast<double>(trade.wish)));
  put(told, "contract", text(trade.contract));
  put(told, "type", text(trade.type));
  put(told, "outcome", text(trade.outcome));
  put(told, "won", JSValueMakeBoolean(context, won));
  amount("stake", trade.stake);
  amount("payout", trade.payout);
  amount("profit", trade.profit);
  amount("entry", trade.entry);
  amount("exit", trade.exit);
  put(told, "purchase_time", number(static_cast<double>(trade.purchase_time)));
  put(told, "settled_time", number(static_cast<double>(trade.settled_time)));
  const std::array<JSValueRef, 1> args{told};
  call(on_result, args);
}

void Machine::Impl::denied(const script::Event& event, const script::Denied& denied) {
  const auto on_denied = handler("onDenied");
  begin(event.sequence, event.time, "onDenied", on_denied != nullptr);
  if (on_denied == nullptr) return;
  const std::array<JSValueRef, 2> args{text(denied.reason),
                                       number(static_cast<double>(denied.wish))};
  call(on_denied, args);
}

Machine::Outcome Machine::handle(const script::Event& event) {
  auto& m = *impl_;
  DERIVD_CHECK(m.past.has_value(), "load() comes first");
  m.past->set_own(event.own);
  if (const auto* tick = std::get_if<script::Tick>(&event.what)) {
    m.tick(event, *tick);
  } else if (const auto* seen = std::get_if<script::WatchedTick>(&event.what)) {
    m.watched_tick(event, *seen);
  } else if (const auto* trade = std::get_if<script::Trade>(&event.what)) {
    m.result(event, *trade);
  } else {
    m.denied(event, std::get<script::Denied>(event.what));
  }
  return m.finish();
}

void Machine::handle(const script::Ticks& ticks, const std::function<bool(Outcome)>& hear) {
  for (std::size_t i = 0; i < ticks.quotes.size(); ++i) {
    auto outcome = handle(script::event_of(ticks, i));
    const auto* answer = std::get_if<script::Answer>(&outcome);
    const bool ends = answer == nullptr || script::asks(*answer);
    if (!hear(std::move(outcome)) || ends) break;
  }
}

}  // namespace derivd::script_host
