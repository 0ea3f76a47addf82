"use strict";
// Python's random numbers, so that a seed gives the same weights and the same order of rows as there: the Mersenne
// twister (Matsumoto and Nishimura, 1998).

class PythonRandom {
  constructor(seed) {
    this.words = new Uint32Array(624);
    this.at = 624;
    const key = seed >= 2 ** 32 ? [seed >>> 0, Math.floor(seed / 2 ** 32)] : [seed >>> 0];
    const { words } = this;
    const mixed = (i, factor) => words[i] ^ Math.imul(words[i - 1] ^ (words[i - 1] >>> 30), factor);
    words[0] = 19650218;
    for (let i = 1; i < 624; i++) words[i] = Math.imul(1812433253, words[i - 1] ^ (words[i - 1] >>> 30)) + i;
    let i = 1;
    const next = (number) => {
      words[i] = number;
      if (++i < 624) return;
      words[0] = words[623];
      i = 1;
    };
    for (let k = 0; k < 624; k++) next(mixed(i, 1664525) + key[k % key.length] + (k % key.length));
    for (let k = 0; k < 623; k++) next(mixed(i, 1566083941) - i);
    words[0] = 0x80000000;
  }

  // The next 32 bits.
  word() {
    const { words } = this;
    if (this.at === 624) {
      for (let i = 0; i < 624; i++) {
        const y = (words[i] & 0x80000000) | (words[(i + 1) % 624] & 0x7fffffff);
        words[i] = words[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      this.at = 0;
    }
    let y = words[this.at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  random() {
    const high = this.word() >>> 5;
    return (high * 67108864 + (this.word() >>> 6)) / 9007199254740992;
  }

  uniform(low, high) {
    return low + (high - low) * this.random();
  }

  below(n) {
    const spare = Math.clz32(n);
    let drawn;
    do drawn = this.word() >>> spare;
    while (drawn >= n);
    return drawn;
  }

  shuffle(list) {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
  }

  copy() {
    const copied = Object.create(PythonRandom.prototype);
    return Object.assign(copied, { words: this.words.slice(), at: this.at });
  }
}
