// Owns AskList, questions of one kind to the venue, each of which is answered once: past ticks,
// past candles, prices. The session adds, Requests asks, and whoever has the answer takes the
// question out by its request. It knows nothing of what is asked.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "deriv/task.hpp"

namespace derivd::deriv {

/// `Question` has a member `Task task`. At most `kMost` at a time.
template <class Question, std::size_t kMost>
class AskList final {
 public:
  AskList() { questions_.reserve(std::min<std::size_t>(kMost, 64)); }

  bool full() const { return questions_.size() >= kMost; }
  bool empty() const { return questions_.empty(); }
  std::size_t size() const { return questions_.size(); }
  /// Wanted from now on; not when full (CHECK).
  void add(Question question) {
    DERIVD_CHECK(!full(), "too many questions are refused, not kept");
    questions_.push_back(std::move(question));
    questions_.back().task.want();
  }
  /// Valid until the list changes.
  Question* find(std::int64_t req_id) {
    const auto at = std::ranges::find(questions_, req_id, [](auto& q) { return q.task.req_id; });
    return at == questions_.end() ? nullptr : &*at;
  }
  Task* find_task(std::int64_t req_id) {
    auto* question = find(req_id);
    return question == nullptr ? nullptr : &question->task;
  }
  /// It is answered, or will not be.
  std::optional<Question> take(std::int64_t req_id) {
    const auto* question = find(req_id);
    if (question == nullptr) return std::nullopt;
    return take_at(static_cast<std::size_t>(question - questions_.data()));
  }
  Question take_at(std::size_t i) {
    DERIVD_CHECK(i < size(), "only what is there is taken");
    auto taken = std::move(questions_[i]);
    questions_.erase(questions_.begin() + static_cast<std::ptrdiff_t>(i));
    return taken;
  }
  /// A new link: each is asked again.
  void restart() {
    for (auto& question : questions_) question.task.want();
  }
  void clear() { questions_.clear(); }

  auto begin() { return questions_.begin(); }
  auto end() { return questions_.end(); }
  Question& operator[](std::size_t i) { return questions_[i]; }

 private:
  std::vector<Question> questions_;
};

}  // namespace derivd::deriv
