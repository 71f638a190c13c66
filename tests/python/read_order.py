"""The order of an epoch's rows, written from docs/order.md alone."""

from __future__ import annotations

MASK32, MASK64 = (1 << 32) - 1, (1 << 64) - 1
ROWS, BLOCKS, WINDOW, PLACE = 0x6F7201, 0x6F7202, 0x6F7203, 0x6F7204
WINDOW_BLOCKS = 64


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10."""
    for _ in range(10):
        first, second = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [
            second >> 32 ^ counter[1] ^ key[0],
            second & MASK32,
            first >> 32 ^ counter[3] ^ key[1],
            first & MASK32,
        ]
        key = [key[0] + 0x9E3779B9 & MASK32, key[1] + 0xBB67AE85 & MASK32]
    return counter


def draw(seed: int, epoch: int, purpose: int, index: int, number: int) -> tuple[int, int]:
    """Two numbers of 64 bits."""
    counter = [index & MASK32, index >> 32, epoch, purpose << 8 | number]
    bits = philox(counter, [seed & MASK32, seed >> 32])
    return bits[0] | bits[1] << 32, bits[2] | bits[3] << 32


class Permutation:
    """A permutation of the numbers below `n`."""

    def __init__(self, n: int, seed: int, epoch: int, purpose: int, index: int = 0) -> None:
        bits = max(8, (n - 1).bit_length() if n > 0 else 0)
        self.n, self.low_bits, self.high_bits = n, bits // 2, bits - bits // 2
        self.rounds = [draw(seed, epoch, purpose, index, number) for number in range(8)]

    def __call__(self, number: int) -> int:
        """The place of a number."""
        while True:
            low, high = number & (1 << self.low_bits) - 1, number >> self.low_bits
            for at, (times, plus) in enumerate(self.rounds):
                half, bits = (high, self.low_bits) if at % 2 == 0 else (low, self.high_bits)
                mixed = half * (times | 1) + plus & MASK64
                mixed = (mixed ^ mixed >> 32) * 0x9E3779B97F4A7C15 & MASK64
                mixed = mixed >> 32 & (1 << bits) - 1
                if at % 2 == 0:
                    low ^= mixed
                else:
                    high ^= mixed
            number = high << self.low_bits | low
            if number < self.n:
                return number


def rows_order(n_rows: int, seed: int, epoch: int) -> list[int]:
    """The rows of an epoch, for shuffle="rows"."""
    permutation = Permutation(n_rows, seed, epoch, ROWS)
    return [permutation(position) for position in range(n_rows)]


def blocks_order(n_rows: int, block_rows: int, seed: int, epoch: int) -> list[int]:
    """The rows of an epoch, for shuffle="blocks"."""
    n_blocks = -(-n_rows // block_rows)
    n_windows = -(-n_blocks // WINDOW_BLOCKS)
    full = Permutation(n_blocks - 1, seed, epoch, BLOCKS)
    blocks = [full(number) for number in range(n_blocks - 1)]
    place = draw(seed, epoch, PLACE, 0, 0)[0] * n_blocks >> 64
    blocks.insert(place, n_blocks - 1)
    order: list[int] = []
    for window in range(n_windows):
        slots = blocks[window * n_blocks // n_windows : (window + 1) * n_blocks // n_windows]
        rows = [
            row for block in slots for row in range(block * block_rows, min(n_rows, (block + 1) * block_rows))
        ]
        mix = Permutation(len(rows), seed, epoch, WINDOW, window)
        order.extend(rows[mix(number)] for number in range(len(rows)))
    return order


def block_rows(n_rows: int, len_bytes: int) -> int:
    """Rows of a block of a dataset whose shards have `len_bytes` bytes in all."""
    row_bytes = max(1, len_bytes // max(1, n_rows))
    return 1 << (max(1, (1 << 20) // row_bytes).bit_length() - 1)
