from modelport.plugin import main

if __name__ == "__main__":
    main()
