//! What happens by the clock: snoozes end, postings are sealed, space is given back, arrivals are filed for searching.

use super::Engine;
use crate::clean;
use crate::door::Event;
use crate::model::Stamp;
use crate::store::StoreError;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// How often the store is asked whether something is due.
const TEND: Duration = Duration::from_secs(2);
/// How often old texts are dropped by their class and what was wiped is looked after.
const KEEP: Duration = Duration::from_secs(6 * 3600);
const WAKE: Duration = Duration::from_secs(20);

pub fn start(engine: &Arc<Engine>, stop: watch::Receiver<bool>) {
    tokio::spawn(wake(Arc::downgrade(engine), stop.clone()));
    tokio::spawn(tend(Arc::downgrade(engine), stop.clone()));
    tokio::spawn(index(Arc::downgrade(engine), stop.clone()));
    tokio::spawn(watch_config(Arc::downgrade(engine), stop));
}

/// Looks once a minute whether the operator changed the file, and takes it in or says why not.
async fn watch_config(engine: Weak<Engine>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
        }
        let Some(e) = engine.upgrade() else { return };
        e.take_config();
    }
}

async fn wake(engine: Weak<Engine>, mut stop: watch::Receiver<bool>) {
    let mut changes = engine.upgrade().map(|e| e.events.subscribe());
    loop {
        let Some(e) = engine.upgrade() else { return };
        let store = e.store.clone();
        let woken = tokio::task::spawn_blocking(move || {
            let mut woken = store.wake(Stamp::now())?;
            woken.extend(store.wake_answered(Stamp::now())?);
            Ok::<_, StoreError>((woken, store.next_wake()?))
        })
        .await;
        let mut nap = Duration::from_secs(3600);
        match woken {
            Ok(Ok((keys, next))) => {
                if !keys.is_empty() {
                    e.announce(Event::Changed(keys.clone()));
                    e.announce(Event::Arrived { inbox: keys.len() as u32, heard: 0 });
                }
                if let Some(t) = next {
                    nap = Duration::from_millis((t.0 - Stamp::now().0).max(0).unsigned_abs()).min(nap);
                }
            }
            Ok(Err(err)) => {
                e.notice(true, clean::line(&err.to_string()));
                nap = WAKE;
            }
            Err(_) => nap = WAKE,
        }
        drop(e);
        // A new snooze may end before the one that was waited for.
        let changed = async {
            match &mut changes {
                Some(c) => loop {
                    match c.recv().await {
                        Ok(Event::Changed(_)) | Err(_) => break,
                        Ok(_) => {}
                    }
                },
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(nap.max(Duration::from_millis(50))) => {}
            () = changed => {}
        }
    }
}

/// Does something in a thread of its own: it gives way to verbs, which a thread of the pool must not do for ever.
async fn behind(work: impl FnOnce() -> Result<(), StoreError> + Send + 'static) -> Result<(), StoreError> {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        crate::store::background();
        let _ = tell.send(work());
    });
    // A thread that ended without a word left no error to be told.
    told.await.unwrap_or(Ok(()))
}

async fn tend(engine: Weak<Engine>, mut stop: watch::Receiver<bool>) {
    let mut version = 0;
    let mut kept: Option<std::time::Instant> = None;
    loop {
        let Some(e) = engine.upgrade() else { return };
        if kept.is_none_or(|k| k.elapsed() >= KEEP) {
            kept = Some(std::time::Instant::now());
            keep(&e).await;
        }
        let now = e.store.reader().version();
        if now != version {
            version = now;
            let store = e.store.clone();
            let done = behind(move || {
                while store.tend()? {}
                Ok(())
            });
            if let Err(err) = done.await {
                e.notice(true, clean::line(&err.to_string()));
            }
        }
        let mut changes = e.events.subscribe();
        drop(e);
        tokio::select! {
            _ = stop.changed() => return,
            // At rest nothing wakes this task: only an event does, and then at most every two seconds.
            _ = changes.recv() => tokio::time::sleep(TEND).await,
            () = tokio::time::sleep(KEEP) => {}
        }
    }
}

/// Files arrivals and changes for searching, behind everything else. At rest nothing wakes it.
async fn index(engine: Weak<Engine>, mut stop: watch::Receiver<bool>) {
    let (mut told, mut first) = (String::new(), true);
    loop {
        let Some(e) = engine.upgrade() else { return };
        let begins = std::mem::take(&mut first);
        let mut changes = e.events.subscribe();
        let store = e.store.clone();
        let halt = stop.clone();
        let done = behind(move || {
            // Both are a help, and no condition of filing.
            let work = store.file_work();
            let recent = if begins { store.remember_recent() } else { Ok(()) };
            while !*halt.borrow() && store.index(false)? {}
            store.index_rest()?;
            work.and(recent)
        });
        if let Err(err) = done.await {
            // Once: what cannot be filed is found by reading.
            let why = format!("searching will be slow: {err}");
            if why != told {
                e.notice(true, clean::line(&why));
                told = why;
            }
        }
        drop(e);
        tokio::select! {
            _ = stop.changed() => return,
            _ = changes.recv() => tokio::time::sleep(TEND).await,
            () = tokio::time::sleep(KEEP) => {}
        }
    }
}

/// Drops what its class no longer keeps, and writes anew what holds a wiped text.
async fn keep(e: &Arc<Engine>) {
    let (store, classes) = (e.store.clone(), e.setup().config.retention.classes.clone());
    let done = tokio::task::spawn_blocking(move || {
        store.retain(&classes, Stamp::now())?;
        store.scrub()?;
        store.purge()
    })
    .await;
    if let Ok(Err(err)) = done {
        e.notice(true, clean::line(&err.to_string()));
    }
}
