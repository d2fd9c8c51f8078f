<?cs # part_failed.txt.cs: reason, exit code and log of a failure ?>Reason:
  <?cs var:reason ?>
<?cs if:exit_code ?>
The tool ended with exit code <?cs var:exit_code ?>.
<?cs /if ?><?cs if:subcount(log) ?>
The last lines of the log:
<?cs each:line = log ?>  <?cs var:line.stream ?> | <?cs var:line.text ?>
<?cs /each ?><?cs /if ?>
The whole log, and what to try:
  <?cs var:job.url ?>
