// top: the live view of a running daemon. One thread asks the daemon, the other has the terminal:
// a daemon that is slow to answer holds up no key.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "common/answer.hpp"
#include "common/output.hpp"
#include "derivctl/answer_text.hpp"
#include "derivctl/command.hpp"
#include "derivctl/terminal_view.hpp"
#include "derivctl/top_frame.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;

constexpr auto kTopLookEvery = std::chrono::seconds(1);
constexpr auto kKeyWithin = std::chrono::milliseconds(250);
/// What became of an order stays in the last line for so long.
constexpr auto kSaidFor = std::chrono::seconds(5);

/// All that one look at the daemon brings. The code is that of the first question that failed.
struct Look {
  ordered_json status;
  ordered_json positions;
  int code = 0;
  std::string error;
};

Look look_at(const Context& context, TopMemory& memory) {
  Look out;
  for (auto [verb, into] : {std::pair{"status", &out.status}, {"positions", &out.positions}}) {
    auto answer = ask(context, {{"cmd", verb}});
    if (answer.code != service::kCtlOk) {
      out.code = answer.code;
      out.error = answer.error;
      return out;
    }
    *into = std::move(answer.result);
  }
  for (const auto& name : memory.stirred(out.status)) {
    const auto answer =
        ask(context, {{"cmd", "explain"}, {"strategy", name}, {"last", TopMemory::kAtOnce}});
    if (answer.code == service::kCtlOk) memory.take(answer.result);
  }
  return out;
}

/// What somebody wants done to a strategy, or to all of them.
struct Order {
  std::string verb;
  std::string strategy;  // empty: all

  std::string whom() const { return strategy.empty() ? "ALL strategies" : strategy; }
};

/// The thread that asks. What it knows is taken with view().
class Watcher final {
 public:
  explicit Watcher(const Context& context)
      : context_(context), thread_([this](std::stop_token stop) { run(stop); }) {}
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher() {
    thread_.request_stop();
    changed_.notify_all();
  }

  void give(Order order) {
    const std::lock_guard lock(mutex_);
    orders_.push_back(std::move(order));
    changed_.notify_all();
  }
  /// What the frame is made of; the caller's own selection and prompt stay.
  void update(TopView& view, TopMemory& memory, std::string& said) const {
    const std::lock_guard lock(mutex_);
    if (!look_.status.is_null()) {
      view.status = look_.status;
      view.positions = look_.positions;
    }
    view.problem = problem_;
    memory = memory_;
    said = std::chrono::steady_clock::now() < said_until_ ? said_ : std::string();
  }

 private:
  void run(std::stop_token stop) {
    TopMemory memory;  // asked with no lock held
    while (!stop.stop_requested()) {
      auto look = look_at(context_, memory);
      std::unique_lock lock(mutex_);
      problem_ = look.error;
      if (look.code == service::kCtlOk) look_ = std::move(look);
      memory_ = memory;
      changed_.wait_for(lock, stop, kTopLookEvery, [this] { return !orders_.empty(); });
      while (!orders_.empty() && !stop.stop_requested()) {
        const auto order = std::move(orders_.front());
        orders_.erase(orders_.begin());
        lock.unlock();
        auto words = carry_out(order);
        lock.lock();
        said_ = std::move(words);
        said_until_ = std::chrono::steady_clock::now() + kSaidFor;
      }
    }
  }

  std::string carry_out(const Order& order) const {
    const auto answer = ask(context_, {{"cmd", order.verb},
                                       {"strategy", order.strategy},
                                       {"all", order.strategy.empty()},
                                       {"reason", "derivctl top"}});
    if (answer.code != service::kCtlOk) return answer.error;
    auto words = standing_text(answer.result, order.strategy);
    std::replace(words.begin(), words.end(), '\n', ' ');
    return words;
  }

  const Context& context_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Order> orders_;
  Look look_;
  std::string problem_;
  TopMemory memory_;
  std::string said_;
  std::chrono::steady_clock::time_point said_until_;
  std::jthread thread_;  // last: it uses all of the above
};

/// The keys: which strategy is chosen, and what is asked before it is done.
class Keys final {
 public:
  /// False: leave.
  bool press(const Press& press, const std::vector<std::string>& names, Watcher& watcher) {
    if (asked_) return answer(press, watcher);
    if (press.key == Key::kUp || press.character == 'k') move(names, -1);
    if (press.key == Key::kDown || press.character == 'j') move(names, 1);
    if (press.character == 'q') return false;
    static const std::map<char, std::string_view> kVerbs{{'p', "pause"},  {'r', "resume"},
                                                         {'h', "halt"},   {'P', "pause"},
                                                         {'R', "resume"}, {'H', "halt"}};
    const auto verb = kVerbs.find(press.character);
    if (verb == kVerbs.end()) return true;
    const bool all = verb->first < 'a';
    choose(names);
    if (all || !chosen_.empty()) asked_ = Order{std::string(verb->second), all ? "" : chosen_};
    return true;
  }
  /// The first one, if none is chosen or what was is there no more.
  void choose(const std::vector<std::string>& names) {
    if (std::find(names.begin(), names.end(), chosen_) != names.end()) return;
    chosen_ = names.empty() ? std::string() : names.front();
  }
  const std::string& chosen() const { return chosen_; }
  std::string question() const {
    return asked_ ? fmt::format("{} {}? [y/N]", asked_->verb, asked_->whom()) : std::string();
  }

 private:
  bool answer(const Press& press, Watcher& watcher) {
    if (press.key == Key::kResize) return true;
    if (press.character == 'y' || press.character == 'Y') watcher.give(*asked_);
    asked_.reset();
    return true;
  }
  void move(const std::vector<std::string>& names, int by) {
    choose(names);
    const auto at = std::find(names.begin(), names.end(), chosen_);
    if (at == names.end()) return;
    const auto last = static_cast<std::ptrdiff_t>(names.size()) - 1;
    chosen_ = names[static_cast<std::size_t>(
        std::clamp<std::ptrdiff_t>(at - names.begin() + by, 0, last))];
  }

  std::string chosen_;
  std::optional<Order> asked_;
};

int live(const Context& context) {
  // A daemon that is not there is said in a line, and not on a screen that goes away with it.
  if (const auto first = ask(context, {{"cmd", "status"}}); first.code != service::kCtlOk) {
    return fail(first.code, first.error);
  }
  auto screen = TerminalView::open();
  if (!screen) return fail(service::kCtlUsage, screen.error().text);
  Watcher watcher(context);
  Keys keys;
  TopView view;
  TopMemory memory;
  view.problem = "asking the daemon";
  for (;;) {
    std::string said;
    watcher.update(view, memory, said);
    const auto names = strategies_of(view.status);
    keys.choose(names);
    view.selected = keys.chosen();
    view.prompt = keys.question().empty() ? said : keys.question();
    (*screen)->draw(top_frame(view, memory, (*screen)->size()));
    const auto press = (*screen)->read(kKeyWithin);
    if (press && !keys.press(*press, names, watcher)) return service::kCtlOk;
  }
}

int once(const Context& context) {
  TopView view;
  view.keys = false;
  TopMemory memory;
  auto look = look_at(context, memory);
  if (look.code != service::kCtlOk) return fail(look.code, look.error);
  view.status = std::move(look.status);
  view.positions = std::move(look.positions);
  if (context.json) {
    auto events = ordered_json::array();
    for (const auto& event : memory.events(TopMemory::kMaxKept)) {
      events.push_back({{"time_utc", event.time}, {"text", event.text}});
    }
    out::json({{"status", view.status}, {"positions", view.positions}, {"events", events}});
    return service::kCtlOk;
  }
  const auto how = out::look();
  for (const auto& line : top_frame(view, memory, {how.width, 0})) {
    std::string text;
    for (const auto& span : line) text += out::painted(span.text, span.paint, how);
    while (!text.empty() && text.back() == ' ') text.pop_back();
    out::show(text + "\n");
  }
  return service::kCtlOk;
}

}  // namespace

void add_top(Commands& commands) {
  const auto& context = commands.context();
  const auto frame = std::make_shared<bool>(false);
  auto c = commands.add("top", "the live view of a running daemon in a terminal; q leaves it");
  c.flag("--once", *frame, "print one frame, for scripts");
  commands.on(c, [&context, frame] {
    if (*frame) return once(context);
    if (context.json) {
      return fail(service::kCtlUsage, "--json has no live view; say --once with it");
    }
    return live(context);
  });
}

}  // namespace derivd::ctl
