//! Any text: no panic; what is read is read again from its own text, and prints masked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use torch_edge::receipt::ReceiptNumber;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    match ReceiptNumber::parse(&text) {
        Ok(receipt) => {
            assert_eq!(ReceiptNumber::parse(receipt.as_str()), Ok(receipt));
            assert_eq!(receipt.as_str().len(), 13);
            assert!(!receipt.to_string().contains(receipt.as_str()));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
