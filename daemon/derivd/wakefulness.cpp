#include "derivd/wakefulness.hpp"

#include <boost/asio/post.hpp>
#include <chrono>
#include <new>
#include <utility>

namespace derivd::daemon {
namespace {

core::Instant steady_time() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<core::Duration>(now).count()};
}

}  // namespace

/// What the loop is to call, with memory of its own.
struct Wakefulness::Call {
  template <class T>
  struct Allocator {
    using value_type = T;
    explicit Allocator(std::shared_ptr<Memory> m) : memory(std::move(m)) {}
    template <class U>
    Allocator(const Allocator<U>& other) : memory(other.memory) {}  // NOLINT: as allocators are
    T* allocate(std::size_t count) {
      if (!memory->used && count * sizeof(T) <= memory->bytes.size()) {
        memory->used = true;
        return reinterpret_cast<T*>(memory->bytes.data());
      }
      return static_cast<T*>(::operator new(count * sizeof(T)));
    }
    void deallocate(T* at, std::size_t) {
      if (reinterpret_cast<std::byte*>(at) == memory->bytes.data()) {
        memory->used = false;
      } else {
        ::operator delete(at);
      }
    }
    friend bool operator==(const Allocator& a, const Allocator& b) { return a.memory == b.memory; }
    std::shared_ptr<Memory> memory;
  };
  using allocator_type = Allocator<std::byte>;
  allocator_type get_allocator() const { return allocator_type(memory); }
  void operator()(const boost::system::error_code& error = {}) const {
    if (!error) (owner->*what)();
  }
  Wakefulness* owner;
  void (Wakefulness::*what)();
  std::shared_ptr<Memory> memory;
};

Wakefulness::Wakefulness(boost::asio::io_context& io,
                         std::function<std::optional<Window>(core::Instant)> foresee,
                         std::function<void()> begins)
    : io_(io), foresee_(std::move(foresee)), begins_(std::move(begins)), timer_(io) {}

void Wakefulness::update() {
  const auto now = steady_time();
  const auto window = foresee_(now);
  if (window && window->from <= now) {
    if (awake_ == window) return;
    awake_ = window;
    ++windows_;
    begins_();
    if (!turning_) turn();
    return;
  }
  awake_.reset();
  if (!window || armed_ == window->from) return;
  armed_ = window->from;
  timer_.expires_at(std::chrono::steady_clock::time_point(core::Duration(window->from.ns)));
  timer_.async_wait(Call{this, &Wakefulness::on_timer, timer_memory_});
}

void Wakefulness::on_timer() {
  armed_.reset();
  update();
}

// With something in its queue the loop asks the kernel for events without waiting for them.
void Wakefulness::turn() {
  turning_ = true;
  boost::asio::post(io_, Call{this, &Wakefulness::on_turn, turn_memory_});
}

void Wakefulness::on_turn() {
  turning_ = false;
  if (!awake_) return;  // the tick has come
  if (steady_time() < awake_->until) return turn();
  update();
}

}  // namespace derivd::daemon
