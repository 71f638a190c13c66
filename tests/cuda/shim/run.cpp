// Runs blocks of CUDA threads: as fibers, or as one thread each.
#include "shim.h"

namespace shim {

namespace {

void for_each_block(Dim grid, Dim block, const auto& run) {
    for (unsigned y = 0; y < grid.y; y++) {
        for (unsigned x = 0; x < grid.x; x++) {
            run(Self{{0, 0, 0}, {x, y, 0}, block, grid});
        }
    }
}

}  // namespace

#ifdef SHIM_THREADS

namespace {

pthread_barrier_t* barrier = nullptr;

std::vector<std::thread> start(Self first, Body body, const void* arguments) {
    std::vector<std::thread> threads;
    for (unsigned x = 0; x < first.block_dim.x; x++) {
        threads.emplace_back([=]() mutable {
            first.thread.x = x;
            self() = first;
            body(arguments);
        });
    }
    return threads;
}

}  // namespace

void sync_threads() {
    if (barrier == nullptr) {
        fail("__syncthreads in a kernel declared to have no barriers");
    }
    pthread_barrier_wait(barrier);
}

// Shared memory is one static variable, so blocks that have it take turns;
// others run all at once.
void Entry::run(Dim grid, Dim block, const void* arguments) const {
    std::vector<std::thread> threads;
    auto join = [&] {
        for (std::thread& thread : threads) {
            thread.join();
        }
        threads.clear();
    };
    for_each_block(grid, block, [&](Self first) {
        pthread_barrier_t own;
        if (has_barriers) {
            pthread_barrier_init(&own, nullptr, block.x);
            barrier = &own;
        }
        for (std::thread& thread : start(first, body, arguments)) {
            threads.push_back(std::move(thread));
        }
        if (has_barriers) {
            join();
            barrier = nullptr;
            pthread_barrier_destroy(&own);
        }
    });
    join();
}

#else

namespace {

constexpr size_t STACK_BYTES = 64 << 10;

enum class State { Ready, AtBarrier, Done };

struct Fiber {
    ucontext_t context;
    std::unique_ptr<char[]> stack{new char[STACK_BYTES]};
    Self self;
    State state = State::Ready;
};

// The fibers of one OS thread, used again for each block.
struct Block {
    ucontext_t scheduler;
    std::vector<std::unique_ptr<Fiber>> fibers;
    Fiber* running = nullptr;
    Body body = nullptr;
    const void* arguments = nullptr;
};

thread_local Block block_of_thread;

// A fiber never changes its OS thread, but the compiler must not keep the
// address of a thread's variable over a switch.
__attribute__((noinline)) Block& current() {
    return block_of_thread;
}

void fiber_main() {
    current().body(current().arguments);
    Fiber* fiber = current().running;
    fiber->state = State::Done;
    swapcontext(&fiber->context, &current().scheduler);
}

void resume(Block& block, Fiber& fiber) {
    block.running = &fiber;
    fiber.state = State::Ready;
    self() = fiber.self;
    swapcontext(&block.scheduler, &fiber.context);
    block.running = nullptr;
}

// The order in which threads run between barriers: any must give the same.
unsigned long long next_random() {
    static thread_local unsigned long long state = [] {
        const char* seed = std::getenv("FUELRAIL_SHIM_SEED");
        return (seed ? std::strtoull(seed, nullptr, 10) : 1) * 2 + 1;
    }();
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return state >> 33;
}

void run_fibers(Self first, Body body, const void* arguments) {
    Block& block = current();
    unsigned n = first.block_dim.x;
    while (block.fibers.size() < n) {
        block.fibers.push_back(std::make_unique<Fiber>());
    }
    block.body = body;
    block.arguments = arguments;
    for (unsigned x = 0; x < n; x++) {
        Fiber& fiber = *block.fibers[x];
        fiber.self = first;
        fiber.self.thread.x = x;
        fiber.state = State::Ready;
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.get();
        fiber.context.uc_stack.ss_size = STACK_BYTES;
        fiber.context.uc_link = nullptr;
        makecontext(&fiber.context, fiber_main, 0);
    }
    for (unsigned n_done = 0; n_done < n;) {
        unsigned begin = next_random() % n;
        unsigned n_waiting = 0;
        for (unsigned i = 0; i < n; i++) {
            Fiber& fiber = *block.fibers[(begin + i) % n];
            if (fiber.state == State::Done) {
                continue;
            }
            resume(block, fiber);
            n_done += fiber.state == State::Done;
            n_waiting += fiber.state == State::AtBarrier;
        }
        if (n_waiting > 0 && n_done > 0) {
            fail("a barrier that some threads of the block never reach");
        }
    }
}

}  // namespace

void sync_threads() {
    Block& block = current();
    Fiber* fiber = block.running;
    if (fiber == nullptr) {
        fail("__syncthreads in a kernel declared to have no barriers");
    }
    fiber->state = State::AtBarrier;
    swapcontext(&fiber->context, &block.scheduler);
    self() = fiber->self;
}

void Entry::run(Dim grid, Dim block, const void* arguments) const {
    for_each_block(grid, block, [&](Self first) {
        if (has_barriers) {
            run_fibers(first, body, arguments);
            return;
        }
        for (unsigned x = 0; x < block.x; x++) {
            first.thread.x = x;
            self() = first;
            body(arguments);
        }
    });
}

#endif

}  // namespace shim
