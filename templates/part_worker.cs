<?cs # part_worker.cs: the red line when no worker has reported for a minute ?><?cs if:worker.silent ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><p><?cs var:worker.silent ?> <a href="/help/worker">How to fix</a></p></div>
<?cs /if ?>
