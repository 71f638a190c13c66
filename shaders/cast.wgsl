// `cast`: see kernels/src/cast/mod.rs for what it means.

fn cast_word(job: Job, types: CastConstants, word: u32) -> u32 {
    let per_word = 1u << log2_per_word(types.to);
    var bits = 0u;
    for (var i = 0u; i < per_word; i += 1u) {
        let index = word * per_word + i;
        if index < job.n {
            let number = converted(types.from_, types.to, load(types.from_, job.src, index));
            bits |= number.bits << shift(types.to, index);
            if !number.fits {
                atomicOr(&flags[job.flag], MISFIT);
            }
        }
    }
    return bits;
}

@compute @workgroup_size(256)
fn cast_(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[id.y];
    let types = cast_constants(job.constants);
    let end = n_quads(types.to, job.n);
    for (var quad = id.x; quad < end; quad += stride(n_workgroups)) {
        let x = cast_word(job, types, quad * 4u);
        let y = cast_word(job, types, quad * 4u + 1u);
        let z = cast_word(job, types, quad * 4u + 2u);
        let w = cast_word(job, types, quad * 4u + 3u);
        dst[(job.dst >> 2u) + quad] = vec4<u32>(x, y, z, w);
    }
    tell_if_cut_short(job);
}
