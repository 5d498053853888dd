//! A wasm file with `normalize` in it and, built with `--cfg baseline`, the same file without.
//! The difference is what normalization costs a browser. See `bench/size/run.mjs`.

/// What a text means, folded into one number so that nothing of it can be left out.
///
/// # Safety
/// `text` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn told(text: *const u8, len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(text, len) };
    std::str::from_utf8(bytes).map_or(0, meaning)
}

#[cfg(not(baseline))]
fn meaning(text: &str) -> u32 {
    let told = torch_edge::status::normalize(text, Some(text));
    let date =
        |date: Option<torch_edge::status::Date>| date.map_or(0, |date| u32::from(date.day()));
    let words = [
        told.category.id(),
        told.category.label_es(),
        told.matched_by.id(),
    ];
    let form = told.form.map_or(0, |form| form.as_str().len());
    let length = words.iter().map(|word| word.len()).sum::<usize>() + form;
    length as u32 + date(told.event_date) + date(told.respond_by)
}

/// The taxonomy alone, as the crate had it before it could normalize: by a label to a category.
#[cfg(baseline)]
fn meaning(text: &str) -> u32 {
    use torch_edge::status::Category;
    let told = Category::all()
        .find(|c| c.label_en().eq_ignore_ascii_case(text))
        .unwrap_or(Category::Unknown);
    (told.id().len() + told.label_es().len()) as u32
}
