<?cs # part_worker.cs: the red lines when no worker has reported for a minute, and when an application may still be paused ?><?cs if:held.word ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><div><p><strong><?cs var:held.word ?></strong></p><p><?cs var:held.error ?></p></div></div>
<?cs /if ?><?cs if:worker.silent ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><p><?cs var:worker.silent ?> <a href="/help/worker">How to fix</a></p></div>
<?cs /if ?>
